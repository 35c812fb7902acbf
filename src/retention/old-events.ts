import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { walkAlongIndexes } from '../database/index-walk.js';
import { Transactor } from '../database/transactor.js';
import { COUNT_LIMIT, type DeletedBatch, type Due, type RetentionKind } from './retention-kind.js';

/** How often what was passed over because it has deliveries is looked at again: these may be gone by now. */
const ROUND = 24 * 60 * 60 * 1_000;

/** Became deliveries, and was counted. */
const PASSED = `position <= (select position from event_fan_out)
           and position <= (select position from statistics_follower)`;

/** What a replay that goes on may still want. */
const WANTED_SINCE = `coalesce((select min(since) from webhook_replays where finished_at is null), 'infinity')`;

const HAS_DELIVERIES = `exists (
           select from webhooks webhook
             join deliveries delivery on delivery.webhook_id = webhook.id and delivery.event_id = event.id)`;

interface Seen {
  readonly position: string;
  readonly isOld: boolean;
}

/**
 * Events, in the order in which they happened. One that has a delivery, sent or not, stays as long as that: it can be
 * looked at and repeated. A run goes on where the one before ended.
 */
@Injectable()
export class OldEvents implements RetentionKind {
  readonly name = 'events';
  readonly keepFor: number;
  private readonly batchSize: number;
  private behind = '0';
  private roundEndsAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    @Inject(CONFIG) { retention, cleanup }: Config,
  ) {
    this.keepFor = retention.events;
    this.batchSize = cleanup.batchSize;
  }

  async due(before: Date): Promise<Due> {
    const [row] = await this.dataSource.transaction(async (tx) => {
      await walkAlongIndexes(tx);
      return tx.query(
        `select count(*) filter (
                  where occurred_at < least($1::timestamptz, ${WANTED_SINCE}) and not ${HAS_DELIVERIES}
                )::integer as count
           from (select id, occurred_at from events where ${PASSED} order by position limit $2) event`,
        [before, COUNT_LIMIT + 1],
      );
    });
    return { count: Math.min(row.count, COUNT_LIMIT), isMore: row.count > COUNT_LIMIT };
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    if (before.getTime() >= this.roundEndsAt) {
      this.behind = '0';
      this.roundEndsAt = before.getTime() + ROUND;
    }
    return async () => {
      const batch = await this.transactor.run((tx) => this.deleteBatch(tx, before, this.behind));
      this.behind = batch.behind;
      return batch;
    };
  }

  private async deleteBatch(
    tx: EntityManager,
    before: Date,
    behind: string,
  ): Promise<DeletedBatch & { behind: string }> {
    await walkAlongIndexes(tx);
    // Locked first, so that no delivery is made of one from here on: the next statement sees those there are.
    const seen: Seen[] = await tx.query(
      `select position, occurred_at < least($2::timestamptz, ${WANTED_SINCE}) as "isOld"
         from events
        where position > $1 and ${PASSED}
        order by position
        limit $3
          for update skip locked`,
      [behind, before, this.batchSize],
    );
    const old = seen.filter(({ isOld }) => isOld).map(({ position }) => position);
    const [, deleted] = await tx.query(
      `delete from events event where position = any ($1::bigint[]) and not ${HAS_DELIVERIES}`,
      [old],
    );
    return {
      deleted,
      isOver: seen.length < this.batchSize || old.length < seen.length,
      behind: old.at(-1) ?? behind,
    };
  }
}
