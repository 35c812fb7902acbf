import type { RedisMemory, RedisReport } from '../redis/redis-status.js';
import type { CacheKindView, CacheStats } from './cache.schemas.js';
import type { Percentiles } from './cache-statistics.js';
import type { Cached } from './cached.js';
import type { Invalidations } from './invalidations.js';
import type { SharedCache } from './shared-cache.js';

/** How the caches stand, as the API shows it. */
export function cacheStats(
  kinds: readonly Cached<unknown>[],
  shared: SharedCache,
  invalidations: Invalidations,
  redis: RedisReport,
  memory: RedisMemory | undefined,
): CacheStats {
  const sum = (count: (cached: Cached<unknown>) => number) =>
    kinds.reduce((total, cached) => total + count(cached), 0);
  const hits = sum(({ statistics }) => statistics.nearHits + statistics.sharedHits);
  const asked = hits + sum(({ statistics }) => statistics.misses);
  return {
    redis: {
      state: redis.state,
      latencyMs: redis.latency ?? null,
      lastError: redis.lastError ?? null,
      lastErrorAt: redis.lastErrorAt === undefined ? null : new Date(redis.lastErrorAt).toISOString(),
      timesAvoided: redis.timesAvoided,
      owedRemovals: shared.owes,
      failedStores: shared.failedStores,
      usedBytes: memory?.usedBytes ?? null,
      maxBytes: memory?.maxBytes ?? null,
      evictedKeys: memory?.evictedKeys ?? null,
    },
    invalidations: { heard: invalidations.believedFor > 0, gaps: invalidations.gaps },
    hitRate: asked === 0 ? null : hits / asked,
    kinds: kinds.map(kindView),
  };
}

function kindView({ kind, policy, statistics, near }: Cached<unknown>): CacheKindView {
  const { sharedLatency, loadLatency, hitRate, ...counts } = statistics;
  return {
    ...counts,
    kind,
    ttlSeconds: policy.ttl / 1000,
    compressed: policy.isCompressed,
    shared: policy.isShared,
    hitRate: statistics.hitRate ?? null,
    entries: near.entries,
    bytes: near.bytes,
    sharedLatencyMs: latencyView(sharedLatency.percentiles()),
    loadLatencyMs: latencyView(loadLatency.percentiles()),
  };
}

function latencyView({ p50, p95, p99 }: Percentiles): CacheKindView['loadLatencyMs'] {
  return { p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null };
}
