import { loadConfig } from '../src/config/config.js';
import { RedisConnection } from '../src/redis/redis-connection.js';
import { CapturedLog } from './support/captured-log.js';
import { eventually } from './support/eventually.js';
import { RedisServer } from './support/redis-server.js';
import { SECOND, SettableClock } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';

const SETTINGS = {
  REDIS_COMMAND_TIMEOUT: 'PT10S',
  REDIS_CONNECT_TIMEOUT: 'PT1M',
  REDIS_BREAKER_PAUSE: 'PT0.05S',
  REDIS_PING_INTERVAL: 'PT1S',
};

/** Only where it hangs: elsewhere, a machine that is busy would look like that. */
const IMPATIENT = { REDIS_COMMAND_TIMEOUT: 'PT0.3S', REDIS_CONNECT_TIMEOUT: 'PT1S' };

describe('the connection to Redis', () => {
  let server: RedisServer;
  const clock = new SettableClock();
  const log = new CapturedLog();
  const open: RedisConnection[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    for (const redis of open.splice(0)) await redis.onApplicationShutdown();
  });
  afterAll(() => server.stop());

  async function connect(env: Record<string, string> = {}): Promise<RedisConnection> {
    const redis = new RedisConnection(
      loadConfig({ REDIS_URL: server.url, ...SETTINGS, ...env }),
      clock,
      log.log,
    );
    open.push(redis);
    await redis.onModuleInit();
    return redis;
  }

  const pings = (redis: RedisConnection) => redis.run((client) => client.ping());
  const answers = (redis: RedisConnection) =>
    eventually(() => {
      clock.advance(SECOND);
      return redis.report().state === 'available';
    });

  it('is not there where nobody wants it', async () => {
    const redis = new RedisConnection(loadConfig({}), clock, log.log);
    await redis.onModuleInit();
    expect(redis.report()).toMatchObject({ state: 'not_configured', lastError: undefined });
    await expect(pings(redis)).rejects.toThrow('REDIS_URL is not set');
    expect(await redis.memory()).toBeUndefined();
    await redis.onApplicationShutdown();
  });

  it('says how it is', async () => {
    const redis = await connect();
    expect(await pings(redis)).toBe('PONG');
    expect(redis.report()).toMatchObject({ state: 'available', latency: expect.any(Number) });
    expect(await redis.memory()).toMatchObject({ usedBytes: expect.any(Number), policy: 'noeviction' });
  });

  it('is several, and one that is lost fails nothing on the others', async () => {
    const ours = async () => {
      const list = (await server.ask((redis) => redis.client('LIST'))) as string;
      return [...list.matchAll(/^id=(\d+) .* name=otklik /gm)].map(([, id]) => id ?? '');
    };
    const redis = await connect({ REDIS_POOL_SIZE: '3' });
    const [first, ...others] = await eventually(ours, (ids) => ids.length === 3);
    const used = new Set<unknown>();
    for (let i = 0; i < 3; i++) used.add(await redis.run((client) => client.ping().then(() => client)));
    expect(used.size).toBe(3);
    await server.ask((admin) => admin.client('KILL', 'ID', Number(first)));
    await eventually(async () => (await ours()).length >= 2 && !(await ours()).includes(first ?? ''));
    const answers = [];
    for (let i = 0; i < 9; i++) answers.push(await pings(redis));
    expect(new Set(answers)).toEqual(new Set(['PONG']));
    const back = await eventually(ours, (ids) => ids.length === 3);
    expect(back).toEqual(expect.arrayContaining(others));
  });

  it('that is killed is not even asked for a while', async () => {
    const redis = await connect({ REDIS_BREAKER_PAUSE: 'PT1M' });
    await server.kill();
    for (let i = 0; i < 3; i++) await expect(pings(redis)).rejects.toThrow();
    let sent = 0;
    for (let i = 0; i < 100; i++) await expect(redis.run(async () => sent++)).rejects.toThrow();
    expect(sent).toBe(0);
    expect(redis.report()).toMatchObject({ state: 'avoided', timesAvoided: 1 });
    expect(log.entries(({ msg }) => msg.startsWith('Redis is left alone'))).toHaveLength(1);
    await server.start();
  });

  it('that was killed is used again after the pause', async () => {
    const redis = await connect();
    await server.kill();
    for (let i = 0; i < 3; i++) await expect(pings(redis)).rejects.toThrow();
    await server.start();
    await answers(redis);
    expect(await pings(redis)).toBe('PONG');
  });

  it('is opened again where ioredis has given it up for good', async () => {
    const redis = await connect({ REDIS_POOL_SIZE: '1' });
    await redis.run(async (client) => client.disconnect());
    await eventually(async () => (await pings(redis).catch(() => undefined)) === 'PONG');
  });

  it('that hangs costs a few time-outs, then nothing, and is used again when it goes on', async () => {
    const redis = await connect({ REDIS_BREAKER_PAUSE: 'PT0.3S', ...IMPATIENT });
    server.signal('SIGSTOP');
    for (let i = 0; i < 3; i++) await expect(pings(redis)).rejects.toThrow();
    expect(redis.report()).toMatchObject({ state: 'avoided', lastError: expect.stringMatching(/time/i) });
    server.signal('SIGCONT');
    await answers(redis);
  });

  it('that came after one that was silent is not given up for that', async () => {
    const proxy = await TcpProxy.before(server.url);
    const redis = await connect({ REDIS_URL: proxy.url, REDIS_POOL_SIZE: '1', ...IMPATIENT });
    proxy.hang();
    const asked = performance.now();
    await expect(pings(redis)).rejects.toThrow();
    proxy.recover();
    const answered = () => pings(redis).catch(() => undefined);
    await eventually(answered);
    const failures: unknown[] = [];
    // Until the time is over after which the first one would have been ended: three time-outs.
    while (performance.now() - asked < 4 * 300) await pings(redis).catch((error) => failures.push(error));
    expect(failures).toEqual([]);
    await proxy.close();
  });

  it('with a wrong password says so, and is used as soon as the password is right', async () => {
    await server.ask((redis) => redis.config('SET', 'requirepass', 'right'));
    const redis = await connect({ REDIS_URL: `redis://:wrong@127.0.0.1:${server.port}` });
    await eventually(() => pings(redis).catch(() => redis.report().lastError?.includes('WRONGPASS')));
    expect(redis.report()).toMatchObject({ lastError: expect.stringContaining('WRONGPASS') });
    await server.ask((admin) => admin.config('SET', 'requirepass', 'wrong'), { password: 'right' });
    await answers(redis);
    await server.ask((admin) => admin.config('SET', 'requirepass', ''), { password: 'wrong' });
  });

  it('that is full is not well, though it answers', async () => {
    const redis = await connect();
    const setMemory = (bytes: number) => server.ask((admin) => admin.config('SET', 'maxmemory', bytes));
    await setMemory(1);
    expect(await redis.check()).toMatchObject({ state: 'failing', lastError: expect.stringMatching(/^OOM/) });
    await setMemory(0);
    expect(await redis.check()).toMatchObject({ state: 'available' });
  });

  it('that became a replica is left for whoever its name leads to now', async () => {
    const ours = async () => {
      const list = (await server.ask((admin) => admin.client('LIST'))) as string;
      return [...list.matchAll(/^id=(\d+) .* name=otklik /gm)].map(([, id]) => id ?? '');
    };
    const redis = await connect({ REDIS_POOL_SIZE: '2' });
    let timesLost = 0;
    redis.onLost(() => timesLost++);
    const before = await eventually(ours, (ids) => ids.length === 2);
    await server.ask((admin) => admin.replicaof('127.0.0.1', 1));
    expect(await redis.check()).toMatchObject({ state: 'failing' });
    expect(redis.report().lastError).toMatch(/^READONLY/);
    await server.ask((admin) => admin.replicaof('NO', 'ONE'));
    await answers(redis);
    expect(timesLost).toBeGreaterThanOrEqual(2);
    expect((await eventually(ours, (ids) => ids.length === 2)).filter((id) => before.includes(id))).toEqual(
      [],
    );
  });

  it('hears what is said, and tells when it may have missed something', async () => {
    const redis = await connect(IMPATIENT);
    const heard: string[] = [];
    let missed = 0;
    await redis.subscription?.listen('spec', { heard: (text) => heard.push(text), missed: () => missed++ });
    expect([redis.report().isListening, missed]).toEqual([true, 1]);
    await redis.run((client) => client.publish('spec', 'hello'));
    await eventually(() => heard.includes('hello'));
    await server.kill();
    await eventually(() => !redis.report().isListening);
    await server.start();
    await eventually(() => missed === 2 && redis.report().isListening);
    server.signal('SIGSTOP');
    clock.advance(SECOND);
    await eventually(() => !redis.report().isListening);
    server.signal('SIGCONT');
    await eventually(() => missed === 3);
    await answers(redis);
  });
});
