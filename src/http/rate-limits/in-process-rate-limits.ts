import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type RateLimitCount, RateLimitStorage } from './rate-limit-storage.js';

/** Counts in this process alone: exact for one replica, per replica for several. */
@Injectable()
export class InProcessRateLimits extends RateLimitStorage {
  private readonly limiters = new Map<string, RateLimiterMemory>();

  override async count(key: string, limit: number, window: number): Promise<RateLimitCount> {
    const { consumedPoints, msBeforeNext } = await this.consume(key, limit, window);
    return { remaining: limit - consumedPoints, resetIn: msBeforeNext };
  }

  private async consume(key: string, limit: number, window: number): Promise<RateLimiterRes> {
    try {
      return await this.limiter(limit, window).consume(key);
    } catch (refused) {
      // The library throws its result where the limit is passed.
      if (refused instanceof RateLimiterRes) return refused;
      throw refused;
    }
  }

  private limiter(limit: number, window: number): RateLimiterMemory {
    const name = `${limit}/${window}`;
    const known = this.limiters.get(name);
    if (known) return known;
    const limiter = new RateLimiterMemory({ points: limit, duration: window / 1000 });
    this.limiters.set(name, limiter);
    return limiter;
  }
}
