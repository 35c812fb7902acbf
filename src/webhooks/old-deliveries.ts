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
} from '../retention/retention-kind.js';
import { RetentionKinds } from '../retention/retention-kinds.js';
import { Rounds } from '../retention/rounds.js';
import { firstIdOf } from './id-time.js';

/** Before every id. */
const BEGINNING = '00000000-0000-0000-0000-000000000000';

interface Batch {
  /** How many were looked at; less than asked for: there are no more. */
  readonly seen: number;
  readonly deleted: number;
  readonly last: string | null;
}

/** The attempts of a delivery go with it. */
const DELETE_DELIVERIES = `
  with looked_at as materialized (
    select id from deliveries where id > $1 and id < $2 order by id limit $3
  ), deleted as (
    delete from deliveries
     where id = any (array(
             select delivery.id
               from deliveries delivery
              where delivery.id = any (array(select id from looked_at))
                and delivery.outcome is not null and delivery.finished_at <= $4
                for update skip locked))
    returning 1
  )
  select (select count(*)::integer from looked_at) as seen,
         (select count(*)::integer from deleted) as deleted,
         (select id from looked_at order by id desc limit 1) as last`;

/**
 * Deliveries, with their attempts, that are over since `WEBHOOK_RETENTION`.
 *
 * A run walks along the ids, which are in the order of time. What is pending is passed over, and what was sent once more
 * is kept as if it were new: a run goes on where the one before ended, so that these are not read every time.
 */
@Injectable()
export class OldDeliveries implements RetentionKind {
  readonly name = 'deliveries';
  readonly keepFor: number;
  private readonly batchSize: number;
  private readonly rounds = new Rounds(BEGINNING);

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    kinds: RetentionKinds,
    @Inject(CONFIG) config: Config,
  ) {
    this.keepFor = config.webhooks.retention;
    this.batchSize = config.cleanup.batchSize;
    kinds.register(this);
  }

  async due(before: Date): Promise<Due> {
    const [due] = await this.dataSource.transaction(async (tx): Promise<Due[]> => {
      await walkAlongIndexes(tx);
      return tx.query(
        `select least(count(*) filter (where outcome is not null and finished_at <= $2), ${COUNT_LIMIT})::integer as count,
                count(*) > ${COUNT_LIMIT} as "isMore"
           from (select outcome, finished_at from deliveries where id < $1 order by id limit ${COUNT_LIMIT + 1}) looked_at`,
        [firstIdOf(before.getTime()), before],
      );
    });
    if (!due) throw new Error('Counting old deliveries gave no answer.');
    return due;
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    this.rounds.begin(before);
    const end = firstIdOf(before.getTime());
    return afterLooking(
      () => this.isThereOneBefore(end),
      async () => {
        const { seen, deleted, last } = await this.transactor.run((tx) => this.deleteBatch(tx, end, before));
        this.rounds.behind = last ?? this.rounds.behind;
        return { deleted, isOver: seen < this.batchSize };
      },
    );
  }

  private async isThereOneBefore(end: string): Promise<boolean> {
    const next: unknown[] = await this.dataSource.query(
      'select from deliveries where id > $1 and id < $2 order by id limit 1',
      [this.rounds.behind, end],
    );
    return next.length > 0;
  }

  private async deleteBatch(tx: EntityManager, end: string, before: Date): Promise<Batch> {
    await walkAlongIndexes(tx);
    const [batch]: Batch[] = await tx.query(DELETE_DELIVERIES, [
      this.rounds.behind,
      end,
      this.batchSize,
      before,
    ]);
    if (!batch) throw new Error('Deleting old deliveries gave no answer.');
    return batch;
  }
}
