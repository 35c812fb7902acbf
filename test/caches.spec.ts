import { Authenticator } from '../src/auth/authenticator.js';
import type { CacheStats, ClearedCache, WarmedCache } from '../src/cache/cache.schemas.js';
import type { Health } from '../src/health/health.schemas.js';
import type { ReminderPolicyView } from '../src/reminders/reminder-policy.schemas.js';
import { EventCounting } from '../src/statistics/event-counting.js';
import type { StatisticsView } from '../src/statistics/statistics.schemas.js';
import type { PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { RedisServer } from './support/redis-server.js';
import { MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const STATS = '/api/system/cache/stats';

describe('caches and rate limits that several processes share through Redis', () => {
  let server: RedisServer;
  let one: TestOtklik;
  let other: TestOtklik;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = await RedisServer.start();
    env = {
      REDIS_URL: server.url,
      REDIS_BREAKER_PAUSE: 'PT0.05S',
      RATE_LIMIT: 'on',
      RATE_LIMIT_DEFAULT: '1000000',
      RATE_LIMIT_MESSAGES: '1000',
      RATE_LIMIT_KEYS: '1000000',
    };
    one = new TestOtklik({ env });
    await one.start();
    other = new TestOtklik({ env, beside: one });
    await other.start();
  });
  afterAll(async () => {
    await other.stop();
    await one.stop();
    await server.stop();
  });

  const stats = async (otklik = one) => (await otklik.api.get<CacheStats>(STATS)).body;
  const kind = async (name: string, otklik = one) => {
    const found = (await stats(otklik)).kinds.find((listed) => listed.kind === name);
    if (!found) throw new Error(`${name} is not cached.`);
    return found;
  };
  const policies = async (otklik: TestOtklik) =>
    (await otklik.api.get<PageOf<ReminderPolicyView>>('/api/reminder-policies')).body.data;
  const available = () =>
    eventually(async () => {
      one.clock.advance(5 * SECOND);
      return (await stats()).redis.state === 'available' && (await stats(other)).redis.state === 'available';
    });

  it('say how they do', async () => {
    await policies(one);
    await policies(one);
    const { redis, invalidations, kinds, hitRate } = await stats();
    expect(redis).toMatchObject({ state: 'available', lastError: null, owedRemovals: 0 });
    expect(redis.usedBytes).toBeGreaterThan(0);
    expect(invalidations.heard).toBe(true);
    expect(hitRate).toBeGreaterThan(0);
    expect(kinds.map((listed) => listed.kind).toSorted()).toEqual([
      'analytics',
      'api_keys',
      'reminder_policies',
      'revoked_tokens',
      'webhook_endpoints',
    ]);
    expect(await kind('reminder_policies')).toMatchObject({
      misses: 1,
      nearHits: 1,
      entries: 1,
      shared: true,
    });
    expect(await kind('api_keys')).toMatchObject({ ttlSeconds: 4, shared: false });
  });

  it('read a policy from Redis that another has fetched, and see its change at once', async () => {
    await eventually(async () => {
      await policies(other);
      return (await kind('reminder_policies', other)).entries === 1;
    });
    await one.api.post('/api/system/cache/clear', {});
    await eventually(async () => (await kind('reminder_policies', other)).entries === 0);
    const before = await policies(one);
    await eventually(() => server.ask((redis) => redis.exists('otklik:v1:{reminder_policies:all}')));
    const hits = (await kind('reminder_policies', other)).sharedHits;
    expect(await policies(other)).toEqual(before);
    expect((await kind('reminder_policies', other)).sharedHits).toBe(hits + 1);
    const change = { delays: ['PT7M'], repeatEvery: null, escalateAtLevel: null, businessHours: null };
    expect(
      (
        await one.api.send('PUT', '/api/reminder-policies/urgent', {
          body: JSON.stringify(change),
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(200);
    expect((await policies(one))[0]).toMatchObject(change);
    await eventually(async () => (await policies(other))[0]?.delays[0] === 'PT7M');
    // Nobody has moved the clock: it does not wait for REMINDER_POLICY_CACHE_TTL to plan by it.
    await eventually(async () => {
      const { reminders } = await other.accept({ clientId: newClient(), content: 'My card was stolen!' });
      return reminders.length === 1 && reminders[0]?.scheduledAt === other.clock.iso(7 * MINUTE);
    });
  });

  it('add statistics up once for all processes, until more is counted', async () => {
    const read = async (otklik: TestOtklik) =>
      (await otklik.api.get<StatisticsView>('/api/system/stats')).body.messages.inbound;
    await one.part(EventCounting).run();
    const { misses, sharedHits } = await kind('analytics', other);
    const before = await read(one);
    await eventually(() =>
      server.ask(async (redis) => (await redis.keys('otklik:v1:{analytics:*}')).length > 0),
    );
    expect([await read(other), await read(other)]).toEqual([before, before]);
    const now = await kind('analytics', other);
    expect([now.misses - misses, now.sharedHits - sharedHits]).toEqual([0, 1]);
    await one.accept({ clientId: newClient(), content: 'Hello' });
    await one.part(EventCounting).run();
    expect([await read(other), await read(one)]).toEqual([before + 1, before + 1]);
  });

  it('let nobody in with a key that was revoked elsewhere', async () => {
    const { id, key } = await one.createKey({ name: 'leaked', scopes: ['messages:read'] });
    const reads = async () => (await other.api.withKey(key).get('/api/messages')).status;
    expect(await reads()).toBe(200);
    await one.api.delete(`/api/api-keys/${id}`);
    await eventually(async () => (await reads()) === 401);
  });

  it('ask nobody about a key that was revoked, until a restore may have made it valid again', async () => {
    const { id, key } = await one.createKey({ name: 'forgotten', scopes: ['messages:read'] });
    const read = async () => (await other.api.withKey(key).get('/api/messages')).status;
    await one.api.delete(`/api/api-keys/${id}`);
    await eventually(async () => (await read()) === 401);
    const { entries, nearHits } = await kind('revoked_tokens', other);
    expect(entries).toBeGreaterThan(0);
    await one.database.execute('alter table api_keys rename to away');
    expect([await read(), await read()]).toEqual([401, 401]);
    await one.database.execute('alter table away rename to api_keys');
    expect(await kind('revoked_tokens', other)).toMatchObject({ shared: false, nearHits: nearHits + 2 });
    await one.database.query('update api_keys set revoked_at = null where id = $1', [id]);
    expect(await read()).toBe(401);
    // As a restore does, whichever process it runs in.
    await one.api.post('/api/system/cache/clear', {});
    await eventually(async () => (await read()) === 200);
  });

  it('know a key without a promise, and have nothing of it in Redis', async () => {
    const { key } = await one.createKey({ name: 'hot', scopes: ['messages:read'] });
    const authenticator = one.part(Authenticator);
    await authenticator.authenticate(key);
    expect(authenticator.authenticate(key)).toMatchObject({ name: 'hot' });
    const names = await server.ask((redis) => redis.keys('*'));
    expect(names.filter((name) => name.includes('api_keys'))).toEqual([]);
  });

  it('are cleared by a pattern, everywhere', async () => {
    await Promise.all([policies(one), policies(other)]);
    const { body } = await one.api.post<ClearedCache>('/api/system/cache/clear', { pattern: 'reminder_*' });
    expect(body).toMatchObject({ pattern: 'reminder_*', here: 1 });
    await eventually(async () => (await kind('reminder_policies', other)).entries === 0);
    expect((await one.api.post('/api/system/cache/clear', { pattern: 'a b[c]' })).status).toBe(400);
  });

  it('are warmed up with what is used', async () => {
    const { id } = await one.createKey({ name: 'used', scopes: ['messages:read'] });
    await one.database.query('update api_keys set last_used_at = now() where id = $1', [id]);
    await one.api.post('/api/webhooks', { url: 'https://example.com/hook' });
    await one.api.post('/api/system/cache/clear', {});
    const { body } = await one.api.post<WarmedCache>('/api/system/cache/warm-up', {});
    const byName = Object.fromEntries(body.data.map((warmed) => [warmed.name, warmed]));
    expect(byName.reminder_policies).toMatchObject({ values: 4, error: null });
    expect(byName.webhook_endpoints).toMatchObject({ values: 1, error: null });
    expect(await kind('webhook_endpoints')).toMatchObject({ entries: 1, shared: false });
    expect(byName.api_keys?.values).toBeGreaterThanOrEqual(1);
    expect((await kind('api_keys')).entries).toBeGreaterThanOrEqual(1);
  });

  describe('rate limits', () => {
    const left = async (otklik: TestOtklik, key: string) => {
      const { headers } = await otklik.api.withKey(key).get('/api/messages');
      return Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1]);
    };

    it('count the requests to all processes together', async () => {
      const { key } = await one.createKey({ name: 'counted', scopes: ['messages:read'] });
      const counts = [
        await left(one, key),
        await left(other, key),
        await left(one, key),
        await left(other, key),
      ];
      expect(counts).toEqual([999, 998, 997, 996]);
    });

    it('are counted by each process while Redis is away, without a failure, and then together again', async () => {
      const { key } = await one.createKey({ name: 'uncounted', scopes: ['messages:read'] });
      await server.kill();
      const counts = [];
      for (let i = 0; i < 20; i++) counts.push(await left(one, key));
      expect(counts.slice(0, 3)).toEqual([999, 998, 997]);
      expect(await left(other, key)).toBe(999);
      const { redis, invalidations } = await stats();
      expect(redis).toMatchObject({ usedBytes: null, lastError: expect.any(String) });
      expect(['failing', 'avoided']).toContain(redis.state);
      expect(invalidations.heard).toBe(true);
      await server.start();
      await available();
      expect(await left(one, key)).toBe(999);
      expect(await left(other, key)).toBe(998);
    });

    it('cost a few time-outs while Redis hangs, and no failure', async () => {
      const { key } = await one.createKey({ name: 'patient', scopes: ['messages:read'] });
      // Only here: elsewhere, a machine that is busy would look like a Redis that hangs.
      const impatient = new TestOtklik({ env: { ...env, REDIS_COMMAND_TIMEOUT: 'PT0.1S' }, beside: one });
      await impatient.start();
      server.signal('SIGSTOP');
      for (let i = 0; i < 20; i++) expect(await left(impatient, key)).toBeGreaterThan(900);
      server.signal('SIGCONT');
      await impatient.stop();
      await available();
    });
  });

  describe('while Redis is away', () => {
    const health = async () => {
      const { status, body } = await one.api.get<Health>('/health/redis');
      return [status, body.status, body.checks.redis?.status];
    };

    it('health says so, and that it makes nothing worse than degraded', async () => {
      expect(await health()).toEqual([200, 'healthy', 'healthy']);
      await server.kill();
      expect(await health()).toEqual([200, 'degraded', 'degraded']);
      expect((await one.api.get<Health>('/health/ready')).status).toBe(200);
    });

    it('let nobody in with a key that was revoked elsewhere', async () => {
      const { id, key } = await one.createKey({ name: 'leaked again', scopes: ['messages:read'] });
      const reads = async () => (await other.api.withKey(key).get('/api/messages')).status;
      expect(await reads()).toBe(200);
      await one.api.delete(`/api/api-keys/${id}`);
      await eventually(async () => (await reads()) === 401);
    });

    it('see the change of a policy at once, and never again what it was', async () => {
      await Promise.all([policies(one), policies(other)]);
      const change = { delays: ['PT9M'], repeatEvery: null, escalateAtLevel: null, businessHours: null };
      const { status } = await one.api.send('PUT', '/api/reminder-policies/urgent', {
        body: JSON.stringify(change),
        headers: { 'content-type': 'application/json' },
      });
      expect(status).toBe(200);
      const delay = async (otklik: TestOtklik) => (await policies(otklik))[0]?.delays[0];
      await eventually(async () => (await delay(other)) === 'PT9M');
      await server.start();
      await available();
      expect([await delay(one), await delay(other)]).toEqual(['PT9M', 'PT9M']);
      expect(await health()).toEqual([200, 'healthy', 'healthy']);
    });
  });

  it('are not needed for a start', async () => {
    await server.kill();
    const late = new TestOtklik({ env, beside: one });
    await late.start();
    expect((await policies(late)).length).toBe(4);
    expect((await late.api.get('/health/live')).status).toBe(200);
    await server.start();
    await eventually(async () => {
      one.clock.advance(5 * SECOND);
      return (await stats(late)).redis.state === 'available';
    });
    await late.stop();
  });
});
