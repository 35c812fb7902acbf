import { z } from 'zod';
import { wholeListOf } from '../http/pagination.js';
import { CACHE_KINDS } from './cache-policies.js';

const milliseconds = z.number().nonnegative().nullable();

const percentiles = z
  .object({ p50: milliseconds, p95: milliseconds, p99: milliseconds })
  .meta({ id: 'CacheLatency' });

const times = (what: string) => z.int().nonnegative().describe(what);

const kindSchema = z
  .object({
    kind: z.enum(CACHE_KINDS),
    ttlSeconds: z
      .number()
      .describe('how long a value holds; less by up to a tenth, so that not all end at once'),
    compressed: z.boolean().describe('in Redis, from CACHE_COMPRESS_ABOVE on'),
    shared: z.boolean().describe('false: only in the memory of each process'),
    hitRate: z.number().min(0).max(1).nullable().describe('hits by hits and misses; null: nobody asked yet'),
    nearHits: times('answered from the memory of this process'),
    sharedHits: times('answered from Redis'),
    misses: times('made, or fetched from the database'),
    joined: times('waited for another that asked for the same'),
    refreshed: times('made anew before the end of their time, behind whoever asked'),
    failed: times('could not be made'),
    corrupt: times('found in Redis and not believed'),
    invalidated: times('said to hold no longer, here or by other processes'),
    entries: times('values in the memory of this process'),
    bytes: times('about how much they take'),
    sharedLatencyMs: percentiles.describe('of reading from Redis, milliseconds'),
    loadLatencyMs: percentiles.describe('of making or fetching a value, milliseconds'),
  })
  .meta({ id: 'CacheKind' });

export const cacheStatsSchema = z
  .object({
    redis: z.object({
      state: z
        .enum(['not_configured', 'available', 'failing', 'avoided'])
        .describe('avoided: so many commands failed that it is left alone for REDIS_BREAKER_PAUSE'),
      latencyMs: milliseconds.describe('of the last command that was answered'),
      lastError: z.string().nullable(),
      lastErrorAt: z.iso.datetime().nullable(),
      timesAvoided: times('how often it was begun to leave it alone'),
      owedRemovals: times('values that Redis has to lose before it is read again'),
      failedStores: times('values that it did not take'),
      usedBytes: z.int().nullable().describe('null: it does not answer'),
      maxBytes: z.int().nullable().describe('0: without limit'),
      evictedKeys: z.int().nullable(),
    }),
    invalidations: z.object({
      heard: z.boolean().describe('false: nothing is believed that other processes could have changed'),
      gaps: times('how often some may have been missed, so that the memory was emptied'),
    }),
    hitRate: z.number().min(0).max(1).nullable().describe('of all kinds'),
    kinds: z.array(kindSchema).describe('those that something uses'),
  })
  .meta({ id: 'CacheStats' });

export type CacheStats = z.infer<typeof cacheStatsSchema>;
export type CacheKindView = z.infer<typeof kindSchema>;

export const clearCacheSchema = z
  .strictObject({
    pattern: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\w.:*?-]+$/, 'must be of letters, digits, and _ . : - * ?')
      .default('*')
      .describe('of kind:key; * stands for any characters, ? for one'),
  })
  .meta({ id: 'ClearCache', example: { pattern: 'reminder_policies:*' } });

export type ClearCache = z.infer<typeof clearCacheSchema>;

export const clearedCacheSchema = z
  .object({
    pattern: z.string(),
    here: times('values removed from the memory of this process; the other processes are told'),
    shared: z
      .int()
      .nonnegative()
      .nullable()
      .describe(
        'values removed from Redis; null: there is none, or it is away, and loses them before it is read',
      ),
  })
  .meta({ id: 'ClearedCache' });

export type ClearedCache = z.infer<typeof clearedCacheSchema>;

export const warmedCacheSchema = wholeListOf(
  z.object({
    name: z.string(),
    values: times('how many are there now'),
    durationMs: z.number().nonnegative(),
    error: z.string().nullable().describe('why there are none'),
  }),
  'WarmedCache',
);

export type WarmedCache = z.infer<typeof warmedCacheSchema>;

const SOME = { p50: 0.21, p95: 0.4, p99: 0.93 };

export const EXAMPLE_CACHE_STATS: CacheStats = {
  redis: {
    state: 'available',
    latencyMs: 0.22,
    lastError: null,
    lastErrorAt: null,
    timesAvoided: 0,
    owedRemovals: 0,
    failedStores: 0,
    usedBytes: 1_204_112,
    maxBytes: 67_108_864,
    evictedKeys: 0,
  },
  invalidations: { heard: true, gaps: 2 },
  hitRate: 0.996,
  kinds: [
    {
      kind: 'reminder_policies',
      ttlSeconds: 60,
      compressed: false,
      shared: true,
      hitRate: 0.996,
      nearHits: 240,
      sharedHits: 9,
      misses: 1,
      joined: 0,
      refreshed: 0,
      failed: 0,
      corrupt: 0,
      invalidated: 1,
      entries: 1,
      bytes: 1104,
      sharedLatencyMs: SOME,
      loadLatencyMs: { p50: 1.3, p95: 1.3, p99: 1.3 },
    },
  ],
};
