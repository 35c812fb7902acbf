import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { roundedMs } from '../clock/rounded-ms.js';
import { RedisStatus } from '../redis/redis-status.js';
import { Cache, type WarmUp } from './cache.js';
import type { CacheStats, ClearedCache, WarmedCache } from './cache.schemas.js';
import { cacheStats } from './cache.view.js';
import { Invalidations } from './invalidations.js';
import { SharedCache } from './shared-cache.js';

/** What administrators see of the caches, and do with them. */
@Injectable()
export class CacheService {
  constructor(
    private readonly cache: Cache,
    private readonly shared: SharedCache,
    private readonly invalidations: Invalidations,
    private readonly redis: RedisStatus,
    private readonly audit: AuditLog,
  ) {}

  async stats(): Promise<CacheStats> {
    const memory = await this.redis.memory();
    return cacheStats(this.cache.kinds(), this.shared, this.invalidations, this.redis.report(), memory);
  }

  async clear(pattern: string): Promise<ClearedCache> {
    const act = { action: 'cache.cleared', subject: pattern } as const;
    const { here, shared } = await this.audit.perform(act, () => this.cache.clear(pattern));
    return { pattern, here, shared: shared ?? null };
  }

  async warmUp(): Promise<WarmedCache> {
    const warmed = await this.audit.perform(
      { action: 'cache.warmed_up', subject: null },
      () => this.cache.warmUp(),
      faultsOf,
    );
    return {
      data: warmed.map(({ name, values, duration, error }) => ({
        name,
        values,
        durationMs: roundedMs(duration),
        error: error ?? null,
      })),
      nextCursor: null,
    };
  }
}

/** What could not be fetched, and why; undefined: all was. */
function faultsOf(warmed: readonly WarmUp[]): string | undefined {
  const faults = warmed.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]));
  return faults.length === 0 ? undefined : faults.join('; ');
}
