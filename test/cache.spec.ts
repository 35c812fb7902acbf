import { gunzipSync, gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { CacheKind } from '../src/cache/cache-policies.js';
import type { Cached } from '../src/cache/cached.js';
import { committed } from '../src/database/after-commit.js';
import { CacheProcess, IMPATIENT, Notice } from './support/cache-process.js';
import { eventually } from './support/eventually.js';
import { RedisServer } from './support/redis-server.js';
import { HOUR, MINUTE, SECOND, SettableClock } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';

const form = z.object({ n: z.number(), text: z.string().optional() });
type Value = z.infer<typeof form>;

/** Something that can be read, and that changes. */
class Source {
  loads = 0;
  n = 1;
  /** What a load waits for. */
  gate: Promise<void> = Promise.resolve();

  readonly load = async (): Promise<Value> => {
    this.loads++;
    const { n } = this;
    await this.gate;
    return { n };
  };
}

describe('the cache', () => {
  let server: RedisServer;
  let clock: SettableClock;
  let notice: Notice;
  let source: Source;
  const processes: CacheProcess[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(() => {
    clock = new SettableClock();
    notice = new Notice();
    source = new Source();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const process of processes.splice(0)) await process.stop();
    await server.ask((redis) => redis.flushall());
  });
  afterAll(() => server.stop());

  async function start(env: Record<string, string> = { REDIS_URL: server.url }): Promise<CacheProcess> {
    const process = new CacheProcess(notice, clock, env);
    processes.push(process);
    return process.start();
  }

  const owned = async (kind: CacheKind = 'analytics', env?: Record<string, string>) => {
    const process = await start(env);
    return { process, cached: process.cache.of(kind, form) };
  };

  const n = async (cached: Cached<Value, Value>, key = 'a') => (await cached.get(key, source.load))?.n;
  const stored = (key: string, kind = 'analytics') =>
    server.ask((redis) => redis.getBuffer(`otklik:v1:{${kind}:${key}}`));
  const isStored = (key: string) => eventually(async () => (await stored(key)) !== null);

  it('makes a value once, for this process and the others', async () => {
    const [one, other] = [await owned(), await owned()];
    expect([await n(one.cached), await n(one.cached)]).toEqual([1, 1]);
    await isStored('a');
    expect(await n(other.cached)).toBe(1);
    expect(other.cached.peek('a', source.load)).toEqual({ n: 1 });
    expect(source.loads).toBe(1);
    expect(one.cached.statistics).toMatchObject({ misses: 1, nearHits: 1, sharedHits: 0, hitRate: 0.5 });
    expect(other.cached.statistics).toMatchObject({ misses: 0, sharedHits: 1, nearHits: 1, hitRate: 1 });
  });

  it('makes a value once, however many ask at the same time', async () => {
    const { cached } = await owned();
    const values = await Promise.all(Array.from({ length: 50 }, () => n(cached)));
    expect([new Set(values), source.loads, cached.statistics.joined]).toEqual([new Set([1]), 1, 49]);
  });

  it('does not remember what there is not, nor what failed', async () => {
    const { cached } = await owned();
    expect(await cached.get('a', async () => undefined)).toBeUndefined();
    await expect(cached.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await n(cached)).toBe(1);
    expect(cached.statistics).toMatchObject({ misses: 3, failed: 1 });
  });

  it('forgets a value at the end of its time, which differs from value to value', async () => {
    const { cached } = await owned('user_data');
    for (let i = 0; i < 20; i++) await cached.get(`k${i}`, source.load);
    const ends = await eventually(
      () =>
        server.ask((redis) =>
          Promise.all([...Array(20).keys()].map((i) => redis.pttl(`otklik:v1:{user_data:k${i}}`))),
        ),
      (ttls) => ttls.every((ttl) => ttl > 0),
    );
    expect(new Set(ends).size).toBeGreaterThan(10);
    expect(Math.max(...ends)).toBeLessThanOrEqual(30 * MINUTE);
    expect(Math.min(...ends)).toBeGreaterThan(27 * MINUTE - 10 * SECOND);
    clock.advance(30 * MINUTE);
    source.n = 2;
    expect((await cached.get('k0', source.load))?.n).toBe(2);
  });

  it('compresses what is large, where the policy says so', async () => {
    const process = await start();
    const analytics = process.cache.of('analytics', form);
    const users = process.cache.of('user_data', form);
    const large = { n: 1, text: 'x'.repeat(5_000) };
    await analytics.set('large', large);
    await analytics.set('small', { n: 1 });
    await users.set('large', large);
    // Writes of different connections overtake each other.
    await Promise.all(['large', 'small'].map((key) => isStored(key)));
    const bytes = await stored('large');
    expect(bytes?.[0]).toBe(1);
    expect(bytes?.length).toBeLessThan(300);
    expect(JSON.parse(gunzipSync(bytes?.subarray(1) ?? '').toString())).toMatchObject({ value: large });
    expect((await stored('small'))?.[0]).toBe(0);
    expect((await eventually(() => stored('large', 'user_data')))?.length).toBeGreaterThan(5_000);
    analytics.near.clear();
    expect(await analytics.get('large', () => Promise.reject(new Error('not asked')))).toEqual(large);
  });

  it('fetches many in batches of at most 100', async () => {
    const [one, other] = [await owned(), await owned()];
    const keys = Array.from({ length: 250 }, (_, i) => `k${i}`);
    const batches: number[] = [];
    const loadMany = async (missing: readonly string[]) => {
      batches.push(missing.length);
      return new Map(missing.filter((key) => key !== 'k7').map((key) => [key, { n: Number(key.slice(1)) }]));
    };
    const found = await one.cached.getMany(keys, loadMany);
    expect([found.size, found.get('k249'), batches]).toEqual([249, { n: 249 }, [100, 100, 50]]);
    await Promise.all(keys.filter((key) => key !== 'k7').map(isStored));
    expect((await other.cached.getMany(keys, loadMany)).size).toBe(249);
    expect(batches).toEqual([100, 100, 50, 1]);
  });

  it.each<[what: string, bytes: Buffer]>([
    ['not ours', Buffer.from('hello')],
    ['empty', Buffer.alloc(0)],
    ['cut off', gzipSync('{"expiresAt":1}').subarray(0, 10)],
    [
      'of another form',
      Buffer.from(`\0${JSON.stringify({ expiresAt: 9e15, cost: 1, value: { n: 'one' } })}`),
    ],
    [
      'much larger than it may be',
      Buffer.concat([
        Buffer.of(1),
        gzipSync(`{"expiresAt":9e15,"cost":1,"value":{"n":1}}${' '.repeat(17 * 1024 * 1024)}`),
      ]),
    ],
  ])('does not believe what is %s in Redis: it counts it and makes it anew (E13)', async (_what, bytes) => {
    const { cached, process } = await owned();
    await server.ask((redis) => redis.set('otklik:v1:{analytics:a}', bytes));
    expect(await n(cached)).toBe(1);
    expect(cached.statistics).toMatchObject({ corrupt: 1, misses: 1 });
    expect(process.log.entries(({ cached }) => cached === 'analytics:a')).toMatchObject([{ level: 'warn' }]);
    await eventually(async () => !(await stored('a'))?.equals(bytes));
    expect(await n((await owned()).cached)).toBe(1);
  });

  it('drops what is corrupt in Redis also where nothing comes in its place (E13)', async () => {
    const { cached } = await owned();
    await server.ask((redis) => redis.set('otklik:v1:{analytics:a}', 'hello'));
    for (let time = 0; time < 2; time++) expect(await cached.get('a', async () => undefined)).toBeUndefined();
    expect(await stored('a')).toBeNull();
    expect(cached.statistics).toMatchObject({ corrupt: 1, misses: 2 });
  });

  it('makes what takes long anew before it ends, behind whoever asks, and once', async () => {
    const [one, other] = [await owned(), await owned()];
    const content = { expiresAt: clock.now() + 10 * SECOND, cost: 60 * SECOND, value: { n: 1 } };
    await server.ask((redis) => redis.set('otklik:v1:{analytics:a}', `\0${JSON.stringify(content)}`));
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    source.n = 2;
    const early = await Promise.all(Array.from({ length: 5 }, () => n(one.cached)));
    expect(early).toEqual([1, 1, 1, 1, 1]);
    expect([1, 2]).toContain(await n(one.cached));
    await eventually(async () => (await n(one.cached)) === 2);
    await eventually(async () => (await stored('a'))?.includes('"n":2'));
    expect(await n(other.cached)).toBe(2);
    expect(source.loads).toBe(1);
  });

  it('takes what another process has made anew, instead of making it as well', async () => {
    const [one, other] = [await owned('user_data'), await owned('user_data')];
    const content = { expiresAt: clock.now() + 10 * SECOND, cost: 60 * SECOND, value: { n: 1 } };
    await server.ask((redis) => redis.set('otklik:v1:{user_data:a}', `\0${JSON.stringify(content)}`));
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    // Both have it in their memory, and it is worth renewing.
    await other.cached.get('a', source.load);
    source.n = 2;
    await n(one.cached);
    await eventually(async () => (await n(one.cached)) === 2);
    await eventually(async () => (await stored('a', 'user_data'))?.includes('"n":2'));
    expect(await n(other.cached)).toBe(1);
    await eventually(async () => (await n(other.cached)) === 2);
    expect([source.loads, other.cached.statistics.refreshed]).toEqual([1, 0]);
  });

  it('counts the time of a value from before it was asked for', async () => {
    const { cached } = await owned('api_keys', {});
    const slow = async () => {
      clock.advance(4 * SECOND);
      return source.load();
    };
    expect(await cached.get('a', slow)).toEqual({ n: 1 });
    expect(cached.peek('a', source.load)).toBeUndefined();
  });

  it('forgets what there is no longer when it would make it anew', async () => {
    const { cached } = await owned('api_keys', {});
    await n(cached);
    clock.advance(2 * SECOND);
    const peek = () => cached.peek('a', async () => undefined);
    expect(peek()).toEqual({ n: 1 });
    await eventually(() => peek() === undefined);
  });

  describe('what is costly and not there', () => {
    it('is made once, however many processes ask at the same time', async () => {
      const all = await Promise.all(Array.from({ length: 4 }, () => owned()));
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const asked = all.map(({ cached }) => n(cached));
      const seen = () => all.map(({ cached }) => cached.statistics.sharedLatency.percentiles().p50);
      await eventually(() => seen().every((latency) => latency !== undefined));
      resolve();
      expect(await Promise.all(asked)).toEqual([1, 1, 1, 1]);
      expect(source.loads).toBe(1);
    });

    it('is made by the next one where the first one fails, or finds nothing', async () => {
      const [one, two, three] = [await owned(), await owned(), await owned()];
      // A turn that nobody ends lasts for ever: that it would end by itself helps nobody here.
      const turn = () =>
        eventually(() => server.ask((redis) => redis.persist('otklik:v1:{analytics:a}:turn')));
      const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const failing = one.cached.get('a', () => first.promise.then(() => Promise.reject(new Error('away'))));
      await turn();
      const waiting = two.cached.get('a', () => second.promise.then(() => undefined));
      first.resolve();
      await expect(failing).rejects.toThrow('away');
      await turn();
      second.resolve();
      expect(await waiting).toBeUndefined();
      expect(await n(three.cached)).toBe(1);
    });

    it("is nobody else's turn before it is there", async () => {
      const { process, cached } = await owned();
      const turn = 'otklik:v1:{analytics:a}:turn';
      const { promise, resolve } = Promise.withResolvers<void>();
      const set = process.shared.set.bind(process.shared);
      jest.spyOn(process.shared, 'set').mockImplementationOnce((...it) => promise.then(() => set(...it)));
      await cached.get('a', async () => {
        await server.ask((redis) => redis.persist(turn));
        return { n: 1 };
      });
      await process.redis.run((client) => client.ping());
      await process.redis.run((client) => client.ping());
      expect(await server.ask((redis) => redis.exists(turn))).toBe(1);
      resolve();
      await eventually(async () => (await server.ask((redis) => redis.exists(turn))) === 0);
      expect(await stored('a')).not.toBeNull();
    });

    it('is what processes take turns for, and nothing else', async () => {
      const { process, cached } = await owned('user_data');
      const turns = jest.spyOn(process.shared, 'takeTurn');
      expect(await n(cached)).toBe(1);
      expect(turns).not.toHaveBeenCalled();
    });

    it('is made anew by one process at a time', async () => {
      const [one, other] = [await owned(), await owned()];
      const content = { expiresAt: clock.now() + 10 * SECOND, cost: 60 * SECOND, value: { n: 1 } };
      await server.ask((redis) => redis.set('otklik:v1:{analytics:a}', `\0${JSON.stringify(content)}`));
      jest.spyOn(Math, 'random').mockReturnValue(0.5);
      expect(await Promise.all([n(one.cached), n(other.cached)])).toEqual([1, 1]);
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const turns = jest.spyOn(other.process.shared, 'takeTurn');
      await n(one.cached);
      await eventually(() => source.loads === 1);
      await n(other.cached);
      await eventually(() => turns.mock.calls.length === 1);
      expect([await turns.mock.results[0]?.value, source.loads]).toEqual([false, 1]);
      resolve();
    });

    it('is made by each process where there is no Redis', async () => {
      const [one, other] = [await owned('analytics', {}), await owned('analytics', {})];
      expect(await Promise.all([n(one.cached), n(other.cached)])).toEqual([1, 1]);
      expect(source.loads).toBe(2);
    });
  });

  describe('what was invalidated', () => {
    it('is forgotten by all processes, as soon as they hear of it through Redis', async () => {
      const [one, other] = [await owned(), await owned()];
      other.process.plugEars();
      await Promise.all([n(one.cached), n(other.cached)]);
      source.n = 2;
      await one.cached.forget('a');
      expect(await n(one.cached)).toBe(2);
      await eventually(async () => (await n(other.cached)) === 2);
    });

    it('with a transaction is forgotten at its commit, also by who hears of it through Redis alone', async () => {
      const [one, other] = [await owned(), await owned()];
      other.process.plugEars();
      await Promise.all([n(one.cached), n(other.cached)]);
      const tx = {} as EntityManager;
      await one.cached.forgetWith(tx, 'a');
      expect(one.cached.peek('a', source.load)).toEqual({ n: 1 });
      source.n = 2;
      committed(tx);
      expect(await n(one.cached)).toBe(2);
      await eventually(async () => (await n(other.cached)) === 2);
    });

    it('is forgotten by all processes, without Redis as well', async () => {
      const [one, other] = [await owned('analytics', {}), await owned('analytics', {})];
      await Promise.all([n(one.cached), n(other.cached)]);
      source.n = 2;
      await one.cached.forget('a');
      expect([await n(one.cached), await n(other.cached)]).toEqual([2, 2]);
      // What it says itself, it does not hear as well.
      expect([one.cached.statistics.invalidated, other.cached.statistics.invalidated]).toEqual([1, 1]);
    });

    it('before it was heard at all is forgotten from then on', async () => {
      const process = new CacheProcess(notice, clock, {});
      processes.push(process);
      const cached = process.cache.of('analytics', form);
      await n(cached);
      await process.start();
      expect(cached.near.entries).toBe(0);
    });

    it('is not kept by who has read it before and is slower', async () => {
      const [one, other] = [await owned(), await owned()];
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const slow = n(one.cached);
      await eventually(() => source.loads === 1);
      source.n = 2;
      source.gate = Promise.resolve();
      await other.cached.forget('a');
      resolve();
      expect(await slow).toBe(1);
      expect(await n(one.cached)).toBe(2);
      expect(await n((await owned()).cached)).toBe(2);
    });

    it('does not get into Redis from who reads it meanwhile and hears nothing', async () => {
      const [one, other] = [await owned(), await owned()];
      one.process.plugEars();
      one.process.redis.subscription?.stop();
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const slow = n(one.cached);
      await eventually(() => source.loads === 1);
      source.n = 2;
      source.gate = Promise.resolve();
      await other.cached.forget('a');
      resolve();
      expect(await slow).toBe(1);
      // Whatever it sends to Redis has arrived when this has.
      await one.process.redis.run((client) => client.ping());
      await one.process.redis.run((client) => client.ping());
      expect(await stored('a')).toBeNull();
      expect([await n(one.cached), await n(other.cached)]).toEqual([2, 2]);
    });

    it('is not believed while nothing is heard, and gone when it is heard again', async () => {
      const { process, cached } = await owned('analytics', {});
      let timesTold = 0;
      cached.onForgotten(() => timesTold++);
      await n(cached);
      expect(cached.peek('a', source.load)).toEqual({ n: 1 });
      process.plugEars();
      expect(cached.peek('a', source.load)).toBeUndefined();
      source.n = 2;
      expect(await n(cached)).toBe(2);
      process.unplugEars();
      expect([cached.near.entries, process.invalidations.gaps, timesTold]).toEqual([0, 1, 1]);
    });

    it('is believed all the same for as long as it lives, where that was promised to be short', async () => {
      const { process, cached } = await owned('api_keys', {});
      await n(cached);
      process.plugEars();
      clock.advance(3 * SECOND);
      expect(cached.peek('a', source.load)).toEqual({ n: 1 });
      clock.advance(SECOND);
      expect(cached.peek('a', source.load)).toBeUndefined();
    });

    it('is not read from Redis while it is being removed there', async () => {
      const { process, cached } = await owned();
      await n(cached);
      await isStored('a');
      const { promise, resolve } = Promise.withResolvers<void>();
      const run = process.redis.run.bind(process.redis);
      jest.spyOn(process.redis, 'run').mockImplementationOnce((work) => promise.then(() => run(work)));
      source.n = 2;
      const forgotten = cached.forget('a');
      const asked = n(cached);
      // What it asks Redis for now is answered before these are, and before it is removed.
      await Promise.all([run((client) => client.ping()), server.ask((redis) => redis.ping())]);
      resolve();
      expect(await asked).toBe(2);
      await forgotten;
    });

    it('and could not be removed from Redis is removed before it is read again, all of it and once', async () => {
      const { process, cached } = await owned();
      await n(cached, 'k249');
      await isStored('k249');
      jest.spyOn(process.redis, 'run').mockRejectedValueOnce(new Error('Command timed out'));
      source.n = 2;
      await cached.forget(...Array.from({ length: 250 }, (_, i) => `k${i}`));
      expect(process.shared.owes).toBe(250);
      expect(await n(cached, 'k249')).toBe(2);
      expect(process.shared.owes).toBe(0);
    });

    it('in large numbers, and could not be removed from Redis, empties it', async () => {
      const { process, cached } = await owned();
      const spy = jest.spyOn(process.redis, 'run').mockRejectedValue(new Error('Command timed out'));
      await cached.forget(...Array.from({ length: 10_001 }, (_, i) => `k${i}`));
      spy.mockRestore();
      await server.ask((redis) => redis.set('otklik:v1:{sessions:another}', 'x'));
      expect([await n(cached), process.shared.owes]).toEqual([1, 0]);
      expect(await stored('another', 'sessions')).toBeNull();
    });

    it('is not believed in Redis where it may have come back while that was emptied', async () => {
      const { process, cached } = await owned();
      process.shared.oweAll();
      const run = process.redis.run.bind(process.redis);
      jest.spyOn(process.redis, 'run').mockImplementationOnce((work) => {
        // As where a connection is lost that carries nothing of it.
        process.shared.oweAll();
        return run(work);
      });
      expect(await n(cached)).toBe(1);
      expect(process.shared.owes).toBeGreaterThan(0);
    });

    it('once more is not kept either by who reads it for the second time', async () => {
      const { cached } = await owned('analytics', {});
      const reading: { resolve: () => void; value: Promise<number | undefined> }[] = [];
      for (let loads = 1; loads <= 2; loads++) {
        const { promise, resolve } = Promise.withResolvers<void>();
        source.gate = promise;
        reading.push({ resolve, value: n(cached) });
        await eventually(() => source.loads === loads);
        if (loads === 1) await cached.forget('a');
      }
      const [first, second] = reading;
      first?.resolve();
      await first?.value;
      await cached.forget('a');
      second?.resolve();
      await second?.value;
      expect(cached.near.entries).toBe(0);
    });

    it('is not put in the place of what is known since', async () => {
      const { cached } = await owned('analytics', {});
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const slow = n(cached);
      await eventually(() => source.loads === 1);
      await cached.set('a', { n: 2 });
      resolve();
      expect([await slow, await n(cached)]).toEqual([1, 2]);
    });

    it('is not kept by who was reading it when he may have missed that', async () => {
      const { process, cached } = await owned('analytics', {});
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const slow = n(cached);
      await eventually(() => source.loads === 1);
      process.plugEars();
      process.unplugEars();
      resolve();
      expect([await slow, cached.near.entries]).toEqual([1, 0]);
    });

    it('while Redis hung is removed from it before it is read again', async () => {
      const { process, cached } = await owned('analytics', { REDIS_URL: server.url, ...IMPATIENT });
      await n(cached);
      await isStored('a');
      server.signal('SIGSTOP');
      source.n = 2;
      await cached.forget('a');
      expect(process.shared.owes).toBe(1);
      expect(await n(cached)).toBe(2);
      cached.near.clear();
      server.signal('SIGCONT');
      await eventually(async () => {
        cached.near.clear();
        clock.advance(5 * SECOND);
        expect(await n(cached)).toBe(2);
        return process.shared.owes === 0;
      });
      await eventually(async () => (await stored('a'))?.includes('"n":2'));
    });

    it('by one that lost Redis is removed from it by those that have it', async () => {
      const [one, other] = [await owned(), await owned()];
      await n(one.cached);
      await isStored('a');
      await one.process.redis.onApplicationShutdown();
      source.n = 2;
      await one.cached.forget('a');
      await eventually(async () => (await n(other.cached)) === 2);
    });

    it('while the connection to Redis was cut is gone when it is there again', async () => {
      const proxy = await TcpProxy.before(server.url);
      const [one, cut] = [await owned(), await owned('analytics', { REDIS_URL: proxy.url, ...IMPATIENT })];
      cut.process.plugEars();
      await n(cut.cached);
      await isStored('a');
      expect(cut.cached.peek('a', source.load)).toEqual({ n: 1 });
      proxy.hangForGood();
      source.n = 2;
      await one.cached.forget('a');
      // Nothing says that the connection is dead: the next check finds out, and so does who asks.
      clock.advance(5 * SECOND);
      expect(cut.cached.peek('a', source.load)).toBeUndefined();
      expect(await n(cut.cached)).toBe(2);
      await eventually(() => !cut.process.redis.report().isListening);
      expect(cut.process.invalidations.believedFor).toBe(0);
      source.n = 3;
      await one.cached.forget('a');
      proxy.recover();
      await eventually(() => {
        clock.advance(5 * SECOND);
        const { isListening, state } = cut.process.redis.report();
        return isListening && state === 'available';
      });
      expect(cut.cached.near.entries).toBe(0);
      expect(await n(cut.cached)).toBe(3);
      await proxy.close();
    });

    it('is believed for 5 seconds at most by one that hears Redis alone, for who says it may have none', async () => {
      const { process, cached } = await owned();
      process.plugEars();
      await n(cached);
      clock.advance(5 * SECOND - 1);
      expect(cached.peek('a', source.load)).toEqual({ n: 1 });
      clock.advance(1);
      expect(cached.peek('a', source.load)).toBeUndefined();
    });

    it('while NOTIFY was not heard is not believed in Redis either', async () => {
      const [one, deaf] = [await owned(), await owned()];
      await n(deaf.cached);
      await isStored('a');
      deaf.process.plugEars();
      // Nobody can remove it: the one that changes it has no Redis, the other does not hear of it.
      await one.process.stop();
      source.n = 2;
      await one.cached.forget('a');
      expect(await stored('a')).not.toBeNull();
      deaf.process.unplugEars();
      expect(await n(deaf.cached)).toBe(2);
    });

    it('does not come back with an old file that Redis has read', async () => {
      const { cached } = await owned();
      await n(cached);
      await isStored('a');
      await server.ask((redis) => redis.save());
      source.n = 2;
      await cached.forget('a');
      await server.kill();
      await server.start();
      expect(await stored('a')).not.toBeNull();
      await eventually(async () => {
        clock.advance(5 * SECOND);
        cached.near.clear();
        expect(await n(cached)).toBe(2);
        return (await stored('a'))?.includes('"n":2');
      });
      await server.ask((redis) => redis.flushall());
      await server.ask((redis) => redis.save());
    });

    it('in larger numbers than a notification holds takes the whole kind along', async () => {
      const [one, other] = [await owned('analytics', {}), await owned('analytics', {})];
      const keys = Array.from({ length: 500 }, (_, i) => `a-key-with-a-long-name-${i}`);
      await n(other.cached, 'bystander');
      await n(other.cached, keys[499]);
      await one.cached.forget(...keys);
      expect(other.cached.near.entries).toBe(0);
    });

    it('in words that nobody understands empties the memory', async () => {
      const { cached } = await owned('analytics', {});
      await n(cached);
      notice.say('{"from":"tomorrow","what":{"tag":"x"}}');
      expect(cached.near.entries).toBe(0);
    });
  });

  describe('clearing', () => {
    it('removes what matches, here, in Redis and in the other processes, and nothing else', async () => {
      const [one, other] = [await owned(), await owned()];
      const keys = ['a1', 'a2', 'b1'];
      for (const key of keys) await n(one.cached, key);
      await Promise.all(keys.map(isStored));
      await n(other.cached, 'a1');
      await server.ask((redis) => redis.mset('shop:a1', 'theirs', 'otklik:limits:x', '1'));
      expect(await one.process.cache.clear('analytics:a?')).toEqual({ here: 2, shared: 2 });
      expect([one.cached.near.entries, await stored('a1')]).toEqual([1, null]);
      await eventually(() => other.cached.near.entries === 0);
      expect(await server.ask((redis) => redis.mget('shop:a1', 'otklik:limits:x'))).toEqual(['theirs', '1']);
      expect(await stored('b1')).not.toBeNull();
    });

    it('is made up for before Redis is read again, where that could not be cleared', async () => {
      const { process, cached } = await owned();
      await n(cached);
      await isStored('a');
      await server.ask((redis) => redis.acl('SETUSER', 'default', '-unlink'));
      const cleared = await process.cache.clear('analytics:*');
      await server.ask((redis) => redis.acl('SETUSER', 'default', '+unlink'));
      expect(cleared).toEqual({ here: 1, shared: undefined });
      source.n = 2;
      expect(await n(cached)).toBe(2);
    });

    it('keeps nothing that was being read meanwhile', async () => {
      const { process, cached } = await owned();
      const { promise, resolve } = Promise.withResolvers<void>();
      source.gate = promise;
      const slow = n(cached);
      await eventually(() => source.loads === 1);
      await process.cache.clear('analytics:*');
      source.n = 2;
      source.gate = Promise.resolve();
      resolve();
      expect(await slow).toBe(1);
      // Whatever it sends to Redis has arrived when this has.
      await process.redis.run((client) => client.ping());
      await process.redis.run((client) => client.ping());
      expect([cached.near.entries, await stored('a')]).toEqual([0, null]);
    });

    it('works through many keys without KEYS', async () => {
      const { process } = await owned();
      await server.ask((redis) =>
        redis.mset(
          Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`otklik:v1:{analytics:${i}}`, 'x'])),
        ),
      );
      await server.ask((redis) => redis.config('RESETSTAT'));
      expect((await process.cache.clear('*')).shared).toBe(5_000);
      const commands = await server.ask((redis) => redis.info('commandstats'));
      expect(commands).not.toContain('cmdstat_keys');
      expect(commands).toContain('cmdstat_scan');
    });
  });

  describe('without a Redis that works', () => {
    it('goes on when it is killed, and fills it again when it is back, empty', async () => {
      const { cached } = await owned();
      await n(cached);
      await server.kill();
      expect(await n(cached)).toBe(1);
      expect(await n(cached, 'b')).toBe(1);
      await server.start();
      await eventually(async () => {
        clock.advance(5 * SECOND);
        cached.near.clear();
        await n(cached);
        return (await stored('a')) !== null;
      });
    });

    it('goes on when it is slow', async () => {
      const { cached, process } = await owned('analytics', { REDIS_URL: server.url, ...IMPATIENT });
      await n(cached);
      cached.near.clear();
      server.signal('SIGSTOP');
      expect(await n(cached)).toBe(1);
      server.signal('SIGCONT');
      expect(process.redis.report().lastError).toMatch(/timed? ?out/i);
      await eventually(async () => {
        clock.advance(5 * SECOND);
        return process.redis.report().state === 'available';
      });
    });

    it('goes on when its memory is full, and can invalidate', async () => {
      const { cached, process } = await owned();
      await n(cached);
      await isStored('a');
      await server.ask((redis) => redis.config('SET', 'maxmemory', '1'));
      expect(await n(cached, 'b')).toBe(1);
      await eventually(() => process.shared.failedStores > 0);
      expect(process.redis.report().lastError).toContain('OOM');
      source.n = 2;
      await cached.forget('a');
      expect([await stored('a'), await n(cached)]).toEqual([null, 2]);
      await server.ask((redis) => redis.config('SET', 'maxmemory', '0'));
      cached.near.clear();
      await n(cached);
      await isStored('a');
    });
  });

  it('keeps within its bounds in the memory of a process', async () => {
    const { cached } = await owned('analytics', { CACHE_NEAR_ENTRIES: '10', CACHE_NEAR_BYTES: '1024' });
    for (let i = 0; i < 50; i++) await n(cached, `k${i}`);
    expect(cached.near.entries).toBe(10);
    await cached.set('too-large', { n: 1, text: 'x'.repeat(2_000) });
    expect(cached.near.get('too-large')).toBeUndefined();
    expect(cached.near.bytes).toBeLessThanOrEqual(1024);
  });

  it('believes its memory for CACHE_NEAR_TTL at most', async () => {
    const { cached } = await owned('sessions', { REDIS_URL: server.url, CACHE_NEAR_TTL: 'PT1M' });
    await n(cached);
    clock.advance(MINUTE);
    expect(cached.peek('a', source.load)).toBeUndefined();
    await eventually(async () => (await stored('a', 'sessions')) !== null);
    expect(await n(cached)).toBe(1);
    expect([source.loads, cached.statistics.sharedHits]).toEqual([1, 1]);
    clock.advance(HOUR);
    await n(cached);
    expect(source.loads).toBe(2);
  });

  it('has one owner for each kind', async () => {
    const { process } = await owned();
    expect(() => process.cache.of('analytics', form)).toThrow('two owners of the cache of analytics');
  });
});
