import type { ApiClient } from './support/api-client.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

describe('callers that ask too often (E7, C4)', () => {
  const otklik = new TestOtklik({
    env: {
      RATE_LIMIT: 'on',
      RATE_LIMIT_WINDOW: 'PT1H',
      RATE_LIMIT_MESSAGES: '5',
      RATE_LIMIT_KEYS: '40',
      RATE_LIMIT_AUTH_FAILURES: '3',
    },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const times = async <T>(count: number, work: () => Promise<T>): Promise<T[]> => {
    const results: T[] = [];
    for (let i = 0; i < count; i++) results.push(await work());
    return results;
  };

  const newCaller = (): Promise<ApiClient> => otklik.caller('messages:read', 'messages:write');

  it('hear where they stand with every answer, in the headers of the IETF draft', async () => {
    const caller = await newCaller();
    const answers = await times(3, () => caller.get('/api/messages'));
    for (const [index, { status, headers }] of answers.entries()) {
      expect(status).toBe(200);
      expect(headers['ratelimit-policy']).toBe('"messages";q=5;w=3600');
      const [, remaining, seconds] = /^"messages";r=(\d+);t=(\d+)$/.exec(String(headers.ratelimit)) ?? [];
      expect(Number(remaining)).toBe(4 - index);
      expect(Number(seconds)).toBeGreaterThan(3_500);
      expect(Number(seconds)).toBeLessThanOrEqual(3_600);
    }
  });

  it('are refused above the limit, and told when to come back', async () => {
    const caller = await newCaller();
    const post = () => caller.post('/api/messages', { clientId: newClient(), content: 'Hello' });
    const before = await otklik.database.countRows();
    const statuses = (await times(6, post)).map(({ status }) => status);
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429]);
    const { status, headers, body } = await post();
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(3_500);
    expect(headers.ratelimit).toMatch(/^"messages";r=0;t=\d+$/);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ code: 'rate_limited', title: 'Too Many Requests' });
    expect((await otklik.database.countRows()).messages).toBe(before.messages + 5);
  });

  it('do not use up what others may ask, or other groups of routes', async () => {
    const [one, other] = [await newCaller(), await newCaller()];
    const spent = await times(6, () => one.get('/api/conversations'));
    expect(spent.at(-1)?.status).toBe(429);
    expect((await other.get('/api/conversations')).status).toBe(200);
    const admin = await times(6, () => otklik.api.get('/api/events'));
    expect(admin.at(-1)?.status).toBe(429);
    const keys = await otklik.api.get('/api/api-keys');
    expect(keys.status).toBe(200);
    expect(keys.headers['ratelimit-policy']).toBe('"keys";q=40;w=3600');
  });

  it('count as well with what is refused for its form', async () => {
    const caller = await newCaller();
    const answers = await times(6, () => caller.post('/api/messages', {}));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 429]);
  });

  it('are probes as often as they like', async () => {
    const answers = await times(20, () => otklik.api.get('/health/live'));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(answers[0]?.headers.ratelimit).toBeUndefined();
  });

  it('guess keys only so often from one address; who has a key gets in all the same', async () => {
    const caller = await newCaller();
    const answers = await times(5, () =>
      otklik.api.withKey('otk_guess-guess-guess-guess-guess').get('/api/messages'),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429, 429]);
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await caller.get('/api/messages')).status).toBe(200);
  });
});

describe('the address of a caller', () => {
  const env = { RATE_LIMIT: 'on', RATE_LIMIT_AUTH_FAILURES: '1', RATE_LIMIT_WINDOW: 'PT1H' };
  const direct = new TestOtklik({ env });
  const proxied = new TestOtklik({ beside: direct, env: { ...env, TRUST_PROXY: '127.0.0.0/8' } });
  beforeAll(async () => {
    await direct.start();
    await proxied.start();
  });
  afterAll(async () => {
    await proxied.stop();
    await direct.stop();
  });

  const guessFrom = async (at: TestOtklik, address: string) =>
    (await at.api.withKey('otk_guess-guess-guess').get('/api/messages', { 'x-forwarded-for': address }))
      .status;

  it('is that of the connection, whatever it says of itself', async () => {
    expect(await guessFrom(direct, '198.51.100.1')).toBe(401);
    expect(await guessFrom(direct, '198.51.100.2')).toBe(429);
  });

  it('is the forwarded one behind a proxy that is trusted', async () => {
    expect(await guessFrom(proxied, '198.51.100.1')).toBe(401);
    expect(await guessFrom(proxied, '198.51.100.2')).toBe(401);
    expect(await guessFrom(proxied, '203.0.113.9, 198.51.100.2')).toBe(429);
  });
});
