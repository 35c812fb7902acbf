import { z } from 'zod';
import { loadConfig } from '../src/config/config.js';
import { SharedRateLimits } from '../src/http/rate-limits/shared-rate-limits.js';
import { CacheProcess, Notice } from './support/cache-process.js';
import { eventually } from './support/eventually.js';
import { RedisServer } from './support/redis-server.js';
import { MINUTE, SECOND, SettableClock } from './support/settable-clock.js';

const form = z.object({ n: z.number() });
const KEYS = Array.from({ length: 30 }, (_, i) => `k${i}`);

describe('a Redis of several servers', () => {
  const clock = new SettableClock();
  const servers: RedisServer[] = [];
  const processes: CacheProcess[] = [];
  let url: string;

  const owned = async () => {
    // Each hears of invalidations through Redis alone.
    const process = new CacheProcess(new Notice(), clock, { REDIS_URL: url });
    processes.push(await process.start());
    return { process, cached: process.cache.of('user_data', form) };
  };
  type Owned = Awaited<ReturnType<typeof owned>>;

  const values = ({ cached }: Owned, n: number) =>
    Promise.all(KEYS.map(async (key) => (await cached.get(key, async () => ({ n })))?.n));
  const all = (n: number) => KEYS.map(() => n);
  const available = ({ process }: Owned) =>
    eventually(() => {
      clock.advance(SECOND);
      const { state, isListening } = process.redis.report();
      return state === 'available' && isListening;
    });
  const forgets = async ({ cached }: Owned) => eventually(() => cached.near.entries === 0);
  const keysOn = (server: RedisServer) => server.ask((redis) => redis.keys('otklik:*:{user_data:k*}'));

  afterEach(async () => {
    for (const process of processes.splice(0)) await process.stop();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  it('as a cluster shares values, invalidations and limits, is cleared, and may lose a node', async () => {
    servers.push(...(await RedisServer.cluster(3)));
    url = `redis+cluster://127.0.0.1:${servers[0]?.port},127.0.0.1:${servers[1]?.port}`;
    const [one, other] = [await owned(), await owned()];
    await Promise.all([available(one), available(other)]);

    expect(await values(one, 1)).toEqual(all(1));
    await eventually(async () => (await Promise.all(servers.map(keysOn))).flat().length === KEYS.length);
    for (const server of servers) expect((await keysOn(server)).length).toBeGreaterThan(0);
    expect(await values(other, 2)).toEqual(all(1));
    expect(other.cached.statistics).toMatchObject({ sharedHits: KEYS.length, misses: 0 });

    await one.cached.forget(...KEYS);
    await forgets(other);
    expect(await values(other, 3)).toEqual(all(3));
    await eventually(async () => (await Promise.all(servers.map(keysOn))).flat().length === KEYS.length);

    expect(await one.process.cache.clear('user_data:*')).toEqual({ here: 0, shared: KEYS.length });
    await forgets(other);

    const limits = [one, other].map(({ process }) => new SharedRateLimits(process.redis, loadConfig({})));
    const left = [];
    for (const each of [...limits, ...limits])
      left.push((await each.count('messages:somebody', 10, MINUTE)).remaining);
    expect(left).toEqual([9, 8, 7, 6]);

    await servers[2]?.kill();
    expect(await values(one, 4)).toEqual(all(4));
    await one.cached.forget(...KEYS);
    expect(await values(one, 5)).toEqual(all(5));
  });

  it('behind a sentinel goes on with the replica when the master dies', async () => {
    const master = await RedisServer.start('--repl-diskless-sync-delay', '0');
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
    servers.push(master, replica);
    await eventually(() =>
      replica.ask(async (redis) => (await redis.info('replication')).includes('master_link_status:up')),
    );
    const sentinel = await RedisServer.sentinel(master);
    servers.push(sentinel);
    // It has to know the replica before it can make it the master.
    await eventually(() =>
      sentinel.ask(
        async (redis) => ((await redis.call('SENTINEL', 'REPLICAS', 'spec')) as unknown[]).length > 0,
      ),
    );
    url = `redis+sentinel://127.0.0.1:${sentinel.port}/spec`;
    const [one, other] = [await owned(), await owned()];
    await Promise.all([available(one), available(other)]);
    expect(await values(one, 1)).toEqual(all(1));
    await eventually(async () => (await keysOn(replica)).length === KEYS.length);
    expect(await values(other, 2)).toEqual(all(1));

    await master.kill();
    // What is said now is heard by nobody, and the replica does not lose it.
    await one.cached.forget(...KEYS);
    expect(await values(one, 3)).toEqual(all(3));
    await Promise.all([available(one), available(other)]);
    expect(await replica.ask((redis) => redis.role())).toContain('master');
    one.cached.near.clear();
    expect(await values(one, 4)).toEqual(all(4));
    expect(await values(other, 5)).not.toContain(1);
    await one.cached.forget(...KEYS);
    await forgets(other);
  }, 90_000);
});
