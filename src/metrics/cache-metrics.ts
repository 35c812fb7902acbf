import { Injectable } from '@nestjs/common';
import { Cache } from '../cache/cache.js';
import type { KindStatistics } from '../cache/cache-statistics.js';
import { Metrics } from './metrics.js';

const RESULTS: Readonly<Record<string, (statistics: KindStatistics) => number>> = {
  near_hit: ({ nearHits }) => nearHits,
  shared_hit: ({ sharedHits }) => sharedHits,
  miss: ({ misses }) => misses,
  joined: ({ joined }) => joined,
};

/** What is cached, by its kind; the cache keeps count itself. */
@Injectable()
export class CacheMetrics {
  constructor(
    metrics: Metrics,
    private readonly cache: Cache,
  ) {
    metrics.counted(
      'cache_requests_total',
      'Look-ups by their result: found in this process, found in Redis, missed, or joined to another that looked for the same.',
      ['kind', 'result'],
      () =>
        this.cache
          .kinds()
          .flatMap(({ kind, statistics }) =>
            Object.entries(RESULTS).map(([result, count]) => [{ kind, result }, count(statistics)] as const),
          ),
    );
    const counted = (name: string, help: string, read: (statistics: KindStatistics) => number) =>
      metrics.counted(name, help, ['kind'], () =>
        this.cache.kinds().map(({ kind, statistics }) => [{ kind }, read(statistics)] as const),
      );
    counted('cache_failures_total', 'Values that could not be made.', ({ failed }) => failed);
    counted(
      'cache_corrupt_total',
      'Values that were found in Redis and not believed.',
      ({ corrupt }) => corrupt,
    );
    counted(
      'cache_invalidated_total',
      'Values that were said to hold no longer.',
      ({ invalidated }) => invalidated,
    );
  }
}
