import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Cache } from '../cache/cache.js';
import type { Cached } from '../cache/cached.js';
import { type Amount, type Standing, StatisticsRepository } from './statistics.repository.js';

const amountsForm = z.array(z.object({ measure: z.string(), label: z.string(), amount: z.number() }));

/**
 * What was counted, added up once for all who ask, until more is counted. Each revision of the counts has a place of its
 * own, so nothing has to be invalidated.
 */
@Injectable()
export class StatisticsCache {
  private readonly cached: Cached<Amount[], Amount[]>;

  constructor(
    cache: Cache,
    private readonly table: StatisticsRepository,
  ) {
    this.cached = cache.of('analytics', amountsForm);
  }

  /** What was counted from one hour to another, the latter excluded, and how it stands. */
  async read(since: Date, until: Date): Promise<{ amounts: readonly Amount[]; standing: Standing }> {
    // What is added up after this is as new as this, or newer.
    const standing = await this.table.standing();
    const key = `${since.getTime()}-${until.getTime()}-${standing.revision}`;
    const amounts = (await this.cached.get(key, () => this.table.amounts(since, until))) ?? [];
    return { amounts, standing };
  }
}
