import { connect } from 'node:net';
import type { Problem } from '../src/http/problem.js';
import { eventually } from './support/eventually.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const NOBODY = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('an error', () => {
  const otklik = new TestOtklik({ env: { HTTP_BODY_LIMIT: '2048' } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const JSON_TYPE = { 'content-type': 'application/json' };

  it.each<
    [status: number, code: string, method: string, path: string, body: string | undefined, type: string]
  >([
    [400, 'validation_failed', 'POST', '/api/messages', '{}', 'application/json'],
    [400, 'malformed_json', 'POST', '/api/messages', '{', 'application/json'],
    [400, 'malformed_json', 'POST', '/api/messages', '', 'application/json'],
    [400, 'request_screened', 'GET', '/api/messages?clientId=%3Cscript%3E', undefined, 'text/plain'],
    [400, 'malformed_request', 'GET', '/api/messages/%ff', undefined, 'text/plain'],
    [404, 'not_found', 'GET', '/api/nothing', undefined, 'text/plain'],
    [404, 'not_found', 'DELETE', '/api/messages', undefined, 'text/plain'],
    [404, 'message_not_found', 'GET', `/api/messages/${NOBODY}`, undefined, 'text/plain'],
    [413, 'body_too_large', 'POST', '/api/messages', ' '.repeat(2049), 'application/json'],
    [415, 'unsupported_media_type', 'POST', '/api/messages', 'hello', 'text/plain'],
  ])('%i %s is a problem as RFC 9457 has it: %s %s', async (status, code, method, path, body, type) => {
    const answer = await otklik.api.refused(method, path, {
      ...(body !== undefined && { body }),
      headers: {
        ...(body !== undefined && { 'content-type': type }),
        traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`,
      },
    });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['x-request-id']).toBe(TRACE_ID);
    expect(answer.body).toMatchObject({
      type: `urn:otklik:problem:${code}`,
      title: expect.stringMatching(/^[A-Z]/),
      status,
      detail: expect.stringMatching(/\w/),
      instance: path.split('?')[0],
      code,
      traceId: TRACE_ID,
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*:\d+:\d+|node_modules|\/src\//);
  });

  it.each<[what: string, method: string, path: string]>([
    ['a path far too long', 'GET', `/api/messages/${'x'.repeat(600)}`],
    ['an unknown method of a known path', 'PUT', '/api/messages'],
  ])('is a problem too: %s', async (_what, method, path) => {
    const answer = await otklik.api.refused(method, path);
    expect([400, 404, 414]).toContain(answer.status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      status: answer.status,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it.each([
    ['what is not HTTP', 'hello\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ])('is a problem even for %s', async (_what, bytes, status) => {
    const { hostname, port } = new URL(otklik.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(bytes);
    const [head, body] = Buffer.concat(await socket.toArray())
      .toString()
      .split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body ?? '')).toMatchObject({ status, code: 'malformed_request' });
  });

  it('of ours has a trace id that finds it in the log, and no details', async () => {
    await otklik.database.execute('alter table messages rename column content to words');
    const { status, body } = await otklik.receive({ clientId: newClient(), content: 'Hello' });
    await otklik.database.execute('alter table messages rename column words to content');
    const problem = body as unknown as Problem;
    expect(status).toBe(500);
    expect(problem).toMatchObject({ code: 'internal_error', title: 'Internal Server Error' });
    expect(JSON.stringify(problem)).not.toMatch(/column|relation|select/i);
    const entries = otklik.log.entries(
      ({ level, traceId }) => level === 'error' && traceId === problem.traceId,
    );
    expect(entries).toHaveLength(1);
    expect(JSON.stringify(entries)).toContain('content');
  });

  it('with an empty body is said so where a body is needed', async () => {
    const answer = await otklik.api.refused('POST', '/api/messages');
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors?.map(({ path }) => path)).toEqual(['clientId', 'content']);
    const announced = await otklik.api.refused('POST', '/api/messages', { headers: JSON_TYPE });
    expect(announced.status).toBe(400);
  });
});

describe('a request without a body', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it.each(['/api/system/cache/clear', '/api/system/monitoring/start', '/api/system/backup/schedule'])(
    'is taken where nothing in it is needed: %s',
    async (path) => {
      expect((await otklik.api.send('POST', path)).status).toBe(200);
    },
  );
});

describe('the trace of a request', () => {
  const otklik = new TestOtklik();
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const HEX = /^[0-9a-f]{32}$/;

  it('is its own where the caller sends none, and is in every answer', async () => {
    const first = await otklik.api.get('/api/messages');
    const second = await otklik.api.get('/health/live');
    expect(first.headers['x-request-id']).toMatch(HEX);
    expect(second.headers['x-request-id']).toMatch(HEX);
    expect(first.headers['x-request-id']).not.toBe(second.headers['x-request-id']);
    // Probes come every few seconds, and would bury the rest.
    const lines = () => otklik.log.entries(({ msg }) => msg === 'request').slice(-2);
    await eventually(lines, ([, last]) => last?.route === '/health/live');
    expect(lines()).toMatchObject([{ level: 'info' }, { level: 'debug' }]);
  });

  it('is the caller’s, in the answer, in the log and in the events (I10)', async () => {
    otklik.log.clear();
    const { conversationId } = await otklik.accept(
      { clientId: newClient(), content: 'Hello' },
      { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, 'x-request-id': 'shop:17-x' },
    );
    const { headers } = await otklik.api.get('/api/messages', { 'x-request-id': 'shop-18' });
    expect(headers['x-request-id']).toBe('shop-18');
    expect(otklik.log.entries(({ traceId }) => traceId === TRACE_ID)).toMatchObject([
      {
        level: 'info',
        msg: 'request',
        requestId: 'shop:17-x',
        method: 'POST',
        route: '/api/messages',
        status: 201,
        durationMs: expect.any(Number),
        callerName: 'administrator',
      },
    ]);
    const events = await otklik.database.query<{ trace_id: string }>(
      'select distinct trace_id from events where conversation_id = $1',
      [conversationId],
    );
    expect(events).toEqual([{ trace_id: TRACE_ID }]);
  });

  it('does not mix with those of requests at the same time', async () => {
    const traces = Array.from({ length: 40 }, (_, index) => index.toString(16).padStart(32, 'a'));
    const messages = await Promise.all(
      traces.map((traceId) =>
        otklik.accept(
          { clientId: newClient(), content: 'Hello' },
          { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
        ),
      ),
    );
    const rows = await otklik.database.query<{ trace_id: string; conversation_id: string }>(
      `select trace_id, conversation_id from events
        where type = 'message.received' and conversation_id = any ($1)`,
      [messages.map(({ conversationId }) => conversationId)],
    );
    const byConversation = new Map(rows.map((row) => [row.conversation_id, row.trace_id]));
    expect(messages.map(({ conversationId }) => byConversation.get(conversationId))).toEqual(traces);
  });
});
