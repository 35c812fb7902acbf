import { roundedMs } from '../clock/rounded-ms.js';
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
      latencyMs: tellMs(redis.latency),
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
    hitRate: asked === 0 ? null : rounded(hits / asked),
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
    hitRate: statistics.hitRate === undefined ? null : rounded(statistics.hitRate),
    entries: near.entries,
    bytes: near.bytes,
    sharedLatencyMs: latencyView(sharedLatency.percentiles()),
    loadLatencyMs: latencyView(loadLatency.percentiles()),
  };
}

function latencyView({ p50, p95, p99 }: Percentiles): CacheKindView['loadLatencyMs'] {
  return { p50: tellMs(p50), p95: tellMs(p95), p99: tellMs(p99) };
}

/** To a hundredth of a percent. */
function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}

function tellMs(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : roundedMs(milliseconds);
}
