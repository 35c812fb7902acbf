import type { z } from 'zod';
import type { CacheKind, CachePolicy } from './cache-policies.js';
import type { KindStatistics } from './cache-statistics.js';
import type { NearLimits } from './near-cache.js';

/** What a kind may take, and how it is stored. */
export interface CacheLimits extends NearLimits {
  /** In milliseconds: how long the memory of a process is believed at most. */
  readonly nearTtl: number;
  /** In bytes. */
  readonly compressAbove: number;
}

/** A kind of data, with the owner's idea of what a value looks like. */
export interface Kind<T, Stored> {
  readonly name: CacheKind;
  readonly policy: CachePolicy;
  /** What a value looks like as JSON, and what becomes of it. */
  readonly form: z.ZodType<T, Stored>;
  readonly limits: CacheLimits;
  readonly statistics: KindStatistics;
}
