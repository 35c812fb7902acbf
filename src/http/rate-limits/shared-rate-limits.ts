import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { RedisConnection } from '../../redis/redis-connection.js';
import { InProcessRateLimits } from './in-process-rate-limits.js';
import { type RateLimitCount, RateLimitStorage } from './rate-limit-storage.js';

/**
 * Counts in Redis, for all processes together, in one round trip. Without Redis, or while it is away, each process
 * counts by itself: a limit then holds for each of them, and nobody waits.
 */
@Injectable()
export class SharedRateLimits extends RateLimitStorage {
  private readonly limiters = new WeakMap<RedisClient, Map<string, RateLimiterRedis>>();
  private readonly ownLimits = new InProcessRateLimits();

  constructor(
    private readonly redis: RedisConnection,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    super();
    // The first limiter makes the library's command known to its connection. Later is too late: where something else
    // leaves in the same turn of the event loop, ioredis would throw where nobody catches it, and end the process.
    redis.prepare((client) => this.limiter(client, 1, 1_000));
  }

  override async count(key: string, limit: number, window: number): Promise<RateLimitCount> {
    if (!this.redis.isConfigured) return this.ownLimits.count(key, limit, window);
    try {
      const { consumedPoints, msBeforeNext } = await this.redis.run((client) =>
        this.consume(client, key, limit, window),
      );
      return { remaining: limit - consumedPoints, resetIn: msBeforeNext };
    } catch {
      return this.ownLimits.count(key, limit, window);
    }
  }

  private async consume(
    client: RedisClient,
    key: string,
    limit: number,
    window: number,
  ): Promise<RateLimiterRes> {
    try {
      return await this.limiter(client, limit, window).consume(key);
    } catch (refused) {
      // The library throws its result where the limit is passed.
      if (refused instanceof RateLimiterRes) return refused;
      throw refused;
    }
  }

  private limiter(client: RedisClient, limit: number, window: number): RateLimiterRedis {
    const name = `${limit}/${window}`;
    const limiters = this.limiters.get(client) ?? new Map<string, RateLimiterRedis>();
    this.limiters.set(client, limiters);
    const known = limiters.get(name);
    if (known) return known;
    const limiter = new RateLimiterRedis({
      storeClient: client,
      keyPrefix: `${this.config.cache.keyPrefix}limits:${name}`,
      points: limit,
      duration: window / 1000,
    });
    limiters.set(name, limiter);
    return limiter;
  }
}
