import { gzipSync } from 'node:zlib';
import type { Problem } from '../src/http/problem.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const nested = (depth: number): unknown => (depth === 0 ? 1 : { deeper: nested(depth - 1) });

describe('a message that is not as it should be (D11)', () => {
  const otklik = new TestOtklik({ env: { HTTP_BODY_LIMIT: '65536' } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it.each<[what: string, fault: Record<string, unknown>, path: string]>([
    ['no clientId', { clientId: undefined }, 'clientId'],
    ['an empty clientId', { clientId: '' }, 'clientId'],
    ['a clientId with a space', { clientId: 'shop 42' }, 'clientId'],
    ['a clientId in another script', { clientId: 'магазин' }, 'clientId'],
    ['a clientId with a slash', { clientId: 'a/b' }, 'clientId'],
    ['a clientId that ends in a newline', { clientId: 'shop-42\n' }, 'clientId'],
    ['a clientId of 129 characters', { clientId: 'x'.repeat(129) }, 'clientId'],
    ['a number for a clientId', { clientId: 42 }, 'clientId'],
    ['no content', { content: undefined }, 'content'],
    ['null for content', { content: null }, 'content'],
    ['empty content', { content: '' }, 'content'],
    ['nothing but control characters', { content: '\u0000\u0007\u009f\r' }, 'content'],
    ['a number for content', { content: 5 }, 'content'],
    ['a list for content', { content: ['Hello'] }, 'content'],
    ['content of 10,001 characters', { content: 'x'.repeat(10_001) }, 'content'],
    ['10,001 characters beyond the first plane', { content: '😀'.repeat(10_001) }, 'content'],
    ['content far too long', { content: 'x'.repeat(30_000) }, 'content'],
    ['the first half of a surrogate pair', { content: 'Hello \ud83d' }, 'content'],
    ['the second half of a surrogate pair', { content: '\ude00 Hello' }, 'content'],
    ['halves the wrong way round', { content: 'a\ude00\ud83db' }, 'content'],
    ['a time without zone', { timestamp: '2026-11-21T09:00:00' }, 'timestamp'],
    ['a day without time', { timestamp: '2026-11-21' }, 'timestamp'],
    ['no day of the calendar', { timestamp: '2026-02-30T09:00:00Z' }, 'timestamp'],
    ['hour 24', { timestamp: '2026-11-20T24:00:00Z' }, 'timestamp'],
    ['a year before the first', { timestamp: '0000-06-01T00:00:00Z' }, 'timestamp'],
    ['the first year, before it began in Greenwich', { timestamp: '0001-01-01T00:00:00+14:00' }, 'timestamp'],
    ['milliseconds since 1970', { timestamp: 1_795_251_600_000 }, 'timestamp'],
    ['words for a time', { timestamp: 'yesterday' }, 'timestamp'],
    ['a channel in capitals', { channel: 'API' }, 'channel'],
    ['a channel that begins with a digit', { channel: '1st' }, 'channel'],
    ['a channel of 33 characters', { channel: 'c'.repeat(33) }, 'channel'],
    ['a client that is a word', { client: 'Anna' }, 'client'],
    ['a client with an unknown field', { client: { phone: '112' } }, 'client.phone'],
    ['an empty name', { client: { name: '  ' } }, 'client.name'],
    ['a name of 201 characters', { client: { name: 'n'.repeat(201) } }, 'client.name'],
    ['a name with a newline', { client: { name: 'An\nna' } }, 'client.name'],
    ['a name with half of a surrogate pair', { client: { name: 'Anna \ud83d' } }, 'client.name'],
    ['an e-mail address without a host', { client: { email: 'anna@' } }, 'client.email'],
    ['a language that is none', { client: { language: 'english language' } }, 'client.language'],
    ['a time zone that is none', { client: { timezone: 'Europe/Atlantis' } }, 'client.timezone'],
    ['an offset for a time zone', { client: { timezone: '+02:00' } }, 'client.timezone'],
    ['metadata that is a list', { metadata: [1] }, 'metadata'],
    ['metadata that is a word', { metadata: 'x' }, 'metadata'],
    ['null for metadata', { metadata: null }, 'metadata'],
    ['metadata above 8 KB', { metadata: { note: 'x'.repeat(8 * 1024) } }, 'metadata'],
    [
      'metadata above 8 KB in bytes, not in characters',
      { metadata: { note: 'ы'.repeat(4_500) } },
      'metadata',
    ],
    ['metadata that nests too deep', { metadata: nested(40) }, 'metadata'],
    ['NUL in metadata', { metadata: { note: 'a\u0000b' } }, 'metadata'],
    ['NUL in the name of a metadata field', { metadata: { 'a\u0000b': 1 } }, 'metadata'],
    ['half of a surrogate pair in metadata', { metadata: { list: ['\ud83d'] } }, 'metadata'],
    ['an unknown field', { contents: 'x' }, 'contents'],
  ])('is refused, naming the field: %s', async (_what, fault, path) => {
    const { status, body } = await otklik.receive({ clientId: newClient(), content: 'Hello', ...fault });
    const problem = body as unknown as Problem;
    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'validation_failed', title: 'Bad Request', status: 400 });
    expect(problem.errors).toEqual([{ path, message: expect.stringMatching(/.../) }]);
  });

  it('hears of all its faults at once', async () => {
    const { body } = await otklik.receive({
      content: '',
      channel: '?',
      client: { email: 'x', fax: 1 },
      more: 1,
    });
    const paths = (body as unknown as Problem).errors?.map(({ path }) => path).sort();
    expect(paths).toEqual(['channel', 'client.email', 'client.fax', 'clientId', 'content', 'more']);
  });

  it.each<[what: string, body: string | Buffer]>([
    ['half of an object', '{"clientId":"a"'],
    ['words', 'hello'],
    ['nothing', ''],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"clientId":"a","content":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')]),
    ],
    [
      'UTF-8 of half a surrogate pair',
      Buffer.concat([
        Buffer.from('{"clientId":"a","content":"'),
        Buffer.of(0xed, 0xa0, 0x80),
        Buffer.from('"}'),
      ]),
    ],
    ['UTF-16', Buffer.from('{"clientId":"a","content":"b"}', 'utf16le')],
    ['an attempt at the prototype', '{"clientId":"a","content":"b","__proto__":{"isAdmin":true}}'],
    [
      'an attempt at the prototype of metadata',
      '{"clientId":"a","content":"b","metadata":{"__proto__":{"x":1}}}',
    ],
    [
      'an attempt through the constructor',
      '{"clientId":"a","content":"b","metadata":{"constructor":{"prototype":{"x":1}}}}',
    ],
  ])('is refused when the body is no JSON text: %s', async (_what, body) => {
    const answer = await otklik.api.refused('POST', '/api/messages', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body.code).toBe('malformed_json');
  });

  it('hears that it is the prototype that is refused, not that its JSON is none', async () => {
    const { body } = await otklik.api.refused('POST', '/api/messages', {
      body: '{"clientId":"a","content":"b","metadata":{"__proto__":{"x":1}}}',
      headers: { 'content-type': 'application/json' },
    });
    expect(body.detail).toMatch(/__proto__/);
  });

  it('is refused when it is compressed, and says so', async () => {
    const { status, body } = await otklik.api.refused('POST', '/api/messages', {
      body: gzipSync('{"clientId":"a","content":"b"}'),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect([status, body.code, body.detail]).toEqual([
      415,
      'unsupported_media_type',
      expect.stringMatching(/not compressed/),
    ]);
  });

  it.each(['null', '[]', '"text"', '42'])('is refused when the body is no object: %s', async (body) => {
    const answer = await otklik.api.refused('POST', '/api/messages', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('validation_failed');
  });

  it('is refused when it is too large', async () => {
    const { status, body } = await otklik.receive({
      clientId: 'a',
      content: 'x',
      metadata: { x: 'y'.repeat(70_000) },
    });
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: 'body_too_large', title: 'Content Too Large' });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])(
    'is refused in any form but JSON: %s',
    async (type) => {
      const { status, body } = await otklik.api.refused('POST', '/api/messages', {
        body: '{"clientId":"a","content":"b"}',
        headers: { 'content-type': type },
      });
      expect([status, body.code]).toEqual([415, 'unsupported_media_type']);
    },
  );

  it('leaves nothing behind', async () => {
    await otklik.receive({ clientId: newClient(), content: '' });
    expect(await otklik.database.countRows()).toEqual({
      clients: 0,
      conversations: 0,
      messages: 0,
      reminders: 0,
      escalations: 0,
      events: 0,
      idempotency_records: 0,
    });
  });
});
