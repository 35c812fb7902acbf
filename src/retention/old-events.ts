import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { walkAlongIndexes } from '../database/index-walk.js';
import { Transactor } from '../database/transactor.js';
import {
  afterLooking,
  COUNT_LIMIT,
  type DeletedBatch,
  type Due,
  type RetentionKind,
} from './retention-kind.js';
import { RetentionKinds } from './retention-kinds.js';
import { Rounds } from './rounds.js';

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
  readonly isRecorded = true;
  private readonly batchSize: number;
  private readonly rounds = new Rounds('0');

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    kinds: RetentionKinds,
    @Inject(CONFIG) { retention, cleanup }: Config,
  ) {
    this.keepFor = retention.events;
    this.batchSize = cleanup.batchSize;
    kinds.register(this);
  }

  async due(before: Date): Promise<Due> {
    const [due] = await this.dataSource.transaction(async (tx): Promise<Due[]> => {
      await walkAlongIndexes(tx);
      return tx.query(
        `select least(count(*) filter (where is_old and not ${HAS_DELIVERIES}), ${COUNT_LIMIT})::integer as count,
                count(*) > ${COUNT_LIMIT} and bool_and(is_old) as "isMore"
           from (select id, occurred_at < least($1::timestamptz, ${WANTED_SINCE}) as is_old
                   from events where ${PASSED} order by position limit ${COUNT_LIMIT + 1}) event`,
        [before],
      );
    });
    if (!due) throw new Error('Counting old events gave no answer.');
    return due;
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    this.rounds.begin(before);
    return afterLooking(
      () => this.isNextOld(before),
      async () => {
        const batch = await this.transactor.run((tx) => this.deleteBatch(tx, before, this.rounds.behind));
        this.rounds.behind = batch.behind;
        return batch;
      },
    );
  }

  private async isNextOld(before: Date): Promise<boolean> {
    const [next]: Seen[] = await this.dataSource.query(
      `select position, occurred_at < least($2::timestamptz, ${WANTED_SINCE}) as "isOld"
         from events
        where position > $1 and ${PASSED}
        order by position
        limit 1`,
      [this.rounds.behind, before],
    );
    return next?.isOld ?? false;
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
