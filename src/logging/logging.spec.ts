import { logTo } from './log.js';
import { maskSecrets } from './mask-secrets.js';
import { requestContext } from './request-context.js';

describe('a line of the log', () => {
  function capture(): { lines: string[]; write(line: string): void } {
    const lines: string[] = [];
    return { lines, write: (line) => lines.push(line) };
  }

  it('is JSON with time, level and message', () => {
    const stream = capture();
    logTo(stream, 'info').info({ route: '/api/messages' }, 'request');
    expect(JSON.parse(stream.lines[0] ?? '')).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      route: '/api/messages',
      msg: 'request',
    });
  });

  it('has the trace id of the request that it belongs to', async () => {
    const stream = capture();
    const log = logTo(stream, 'info');
    await requestContext.run({ traceId: 'a'.repeat(32), requestId: 'r-1' }, async () => {
      await Promise.resolve();
      log.info('inside');
    });
    expect(JSON.parse(stream.lines[0] ?? '')).toMatchObject({ traceId: 'a'.repeat(32), requestId: 'r-1' });
  });

  const SECRET = 'Zk3vQ8sLw0TfYb7xNc5uHd1gRj9mPe4a';

  it.each<[what: string, entry: object]>([
    ['a key of the name password', { password: SECRET }],
    ['a nested key', { request: { headers: { authorization: `Bearer ${SECRET}` } } }],
    ['a list under a secret name', { headers: { 'set-cookie': [SECRET, 'b=2'] } }],
    ['a name in another style', { SECRET_ENCRYPTION_KEY: SECRET, accessToken: SECRET }],
    ['an API key inside a sentence', { note: `used otk_${SECRET} today` }],
    ['a bearer token inside a sentence', { note: `sent Bearer ${SECRET}` }],
    ['a connection string', { note: `cannot reach postgres://otklik:${SECRET}@db:5432/otklik` }],
    ['a query parameter', { url: `/callback?access_token=${SECRET}&a=1` }],
    ['a web token', { note: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${SECRET}` }],
    ['a webhook secret', { note: `whsec_${SECRET}` }],
    ['a Telegram token', { note: `123456789:${SECRET}abc` }],
    ['a passphrase', { passphrase: SECRET }],
    ['a private key', { note: `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----` }],
    ...['sk-', 'sk_live_', 'ghp_', 'xoxb-', 'AKIA', 'AIza'].map((prefix): [string, object] => [
      `a service's own ${prefix}`,
      { note: `used ${prefix}${SECRET} today` },
    ]),
    ['an error that quotes one', { err: new Error(`password=${SECRET} was refused`) }],
  ])('never has a secret: %s', (_what, entry) => {
    const stream = capture();
    logTo(stream, 'info').info(entry, 'line');
    expect(stream.lines[0]).toContain('***');
    expect(stream.lines[0]).not.toContain(SECRET);
    expect(() => JSON.parse(stream.lines[0] ?? '')).not.toThrow();
  });

  it('tells of an error what it is, and nothing that hangs on it: no parameters, no connection', () => {
    const stream = capture();
    const cause = new Error('connection lost');
    const error = Object.assign(new Error('statement failed', { cause }), {
      code: '23505',
      parameters: ['what the customer wrote'],
      client: { secretKey: -497109640 },
    });
    logTo(stream, 'info').error({ err: error }, 'failed');
    expect(JSON.parse(stream.lines[0] ?? '').err).toEqual({
      type: 'Error',
      code: '23505',
      message: 'statement failed',
      stack: expect.stringContaining('logging.spec'),
      cause: expect.objectContaining({ message: 'connection lost' }),
    });
  });

  it('is left alone where it has none', () => {
    const line = '{"msg":"request","method":"POST","route":"/api/messages","status":201}';
    expect(maskSecrets(line)).toBe(line);
    expect(maskSecrets('{"keyboard":"qwerty","monkey":"chimp"}')).toBe(
      '{"keyboard":"qwerty","monkey":"chimp"}',
    );
  });
});
