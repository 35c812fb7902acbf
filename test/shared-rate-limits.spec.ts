import { loadConfig } from '../src/config/config.js';
import { SharedRateLimits } from '../src/http/rate-limits/shared-rate-limits.js';
import { RedisConnection } from '../src/redis/redis-connection.js';
import { CapturedLog } from './support/captured-log.js';
import { RedisServer } from './support/redis-server.js';
import { SettableClock } from './support/settable-clock.js';

describe('rate limits that are counted in Redis', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  let limits: SharedRateLimits;

  beforeAll(async () => {
    server = await RedisServer.start();
    const config = loadConfig({
      REDIS_URL: server.url,
      REDIS_POOL_SIZE: '2',
      REDIS_COMMAND_TIMEOUT: 'PT10S',
    });
    redis = new RedisConnection(config, new SettableClock(), new CapturedLog().log);
    limits = new SharedRateLimits(redis, config);
    await redis.onModuleInit();
  });
  afterAll(async () => {
    await redis.onApplicationShutdown();
    await server.stop();
  });

  it('are so from the first request on, also where something else leaves with it', async () => {
    for (const remaining of [4, 3]) {
      const [pong, count] = await Promise.all([
        redis.run((client) => client.ping()),
        limits.count('key:somebody', 5, 60_000),
      ]);
      expect([pong, count.remaining]).toEqual(['PONG', remaining]);
    }
    expect(await server.ask((client) => client.keys('otklik:limits:*'))).toHaveLength(1);
  });

  it('count what is above them as well, and last as long as the window', async () => {
    const counts = [];
    for (let i = 0; i < 4; i++) counts.push(await limits.count('key:another', 2, 60_000));
    expect(counts.map(({ remaining }) => remaining)).toEqual([1, 0, -1, -2]);
    const longest = Math.max(...counts.map(({ resetIn }) => resetIn));
    expect(longest).toBeGreaterThan(1_000);
    expect(longest).toBeLessThanOrEqual(60_000);
  });
});
