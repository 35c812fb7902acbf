import { Body, Controller, Get, Post } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  type CacheStats,
  type ClearCache,
  type ClearedCache,
  cacheStatsSchema,
  clearCacheSchema,
  clearedCacheSchema,
  EXAMPLE_CACHE_STATS,
  type WarmedCache,
  warmedCacheSchema,
} from './cache.schemas.js';
import { CacheService } from './cache.service.js';

@ApiTag('System')
@Controller('api/system/cache')
@RateLimit('default')
export class CacheController {
  constructor(private readonly caches: CacheService) {}

  @Get('stats')
  @Access('system:read')
  @Operation({
    id: 'getCacheStats',
    summary: 'Show how the caches do',
    description: 'In the process that answers, since its start.',
    status: 200,
    answers: {
      200: {
        description: 'Hits, misses, memory and latency, by kind of data.',
        schema: cacheStatsSchema,
        example: EXAMPLE_CACHE_STATS,
      },
    },
  })
  stats(): Promise<CacheStats> {
    return this.caches.stats();
  }

  @Post('clear')
  @Access('system:manage')
  @Operation({
    id: 'clearCache',
    summary: 'Clear the caches',
    description:
      'Whatever matches, in Redis and in all processes. Nothing is lost: it is made anew when it is asked for.',
    status: 200,
    answers: {
      200: {
        description: 'What was removed.',
        schema: clearedCacheSchema,
        example: { pattern: 'reminder_policies:*', here: 1, shared: 1 },
      },
    },
    problems: BODY_PROBLEMS,
  })
  clear(@Body({ schema: clearCacheSchema }) body: ClearCache): Promise<ClearedCache> {
    return this.caches.clear(body.pattern);
  }

  @Post('warm-up')
  @Access('system:manage')
  @Operation({
    id: 'warmUpCache',
    summary: 'Warm the caches up',
    description:
      'Fetches what is used: the reminder policies, the enabled endpoints of webhooks, and the API keys that were used lately.',
    status: 200,
    answers: {
      200: {
        description: 'What was fetched.',
        schema: warmedCacheSchema,
        example: { data: [{ name: 'api_keys', values: 12, durationMs: 3.4, error: null }], nextCursor: null },
      },
    },
  })
  warmUp(): Promise<WarmedCache> {
    return this.caches.warmUp();
  }
}
