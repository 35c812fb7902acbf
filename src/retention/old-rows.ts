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

/** Which rows of a table are old, and the order of the index that finds them. */
export interface RowsByAge {
  readonly table: string;
  readonly isOld: string;
  readonly order: string;
}

/** Counts and deletes old rows along an index, for kinds of data where nothing else depends on them. */
@Injectable()
export class OldRows {
  private readonly batchSize: number;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    @Inject(CONFIG) config: Config,
  ) {
    this.batchSize = config.cleanup.batchSize;
  }

  /**
   * A kind of data that is nothing but rows of a table.
   *
   * @param values the parameters of `isOld`
   */
  kind(
    what: Pick<RetentionKind, 'name' | 'keepFor' | 'expires'>,
    rows: RowsByAge,
    values: (before: Date) => readonly unknown[] = (before) => [before],
  ): RetentionKind {
    return {
      ...what,
      due: (before) => this.due(rows, values(before)),
      begin: (before) => this.begin(rows, values(before)),
    };
  }

  /** @param values the parameters of `isOld` */
  async due({ table, isOld, order }: RowsByAge, values: readonly unknown[]): Promise<Due> {
    const [due] = await this.dataSource.transaction(async (tx): Promise<Due[]> => {
      await walkAlongIndexes(tx);
      return tx.query(
        `select least(count(*), ${COUNT_LIMIT})::integer as count, count(*) > ${COUNT_LIMIT} as "isMore"
           from (select from ${table} where ${isOld} order by ${order} limit ${COUNT_LIMIT + 1}) old`,
        [...values],
      );
    });
    if (!due) throw new Error(`Counting old ${table} gave no answer.`);
    return due;
  }

  /** Whether there is one. */
  async areThere({ table, isOld, order }: RowsByAge, values: readonly unknown[]): Promise<boolean> {
    const first: unknown[] = await this.dataSource.query(
      `select from ${table} where ${isOld} order by ${order} limit 1`,
      [...values],
    );
    return first.length > 0;
  }

  /** Begins a run, as a kind of data does. */
  begin(rows: RowsByAge, values: readonly unknown[]): () => Promise<DeletedBatch> {
    return afterLooking(
      () => this.areThere(rows, values),
      () => this.transactor.run((tx) => this.deleteBatch(tx, rows, values)),
    );
  }

  /** Processes that do this at the same time pass over each other's rows. */
  private async deleteBatch(
    tx: EntityManager,
    { table, isOld, order }: RowsByAge,
    values: readonly unknown[],
  ): Promise<DeletedBatch> {
    await walkAlongIndexes(tx);
    // Those that were found are locked, and found again by where they are: that reads no index a second time.
    const [, deleted] = await tx.query(
      `delete from ${table}
        where ctid = any (array(
                select ctid from ${table}
                 where ${isOld}
                 order by ${order}
                 limit ${this.batchSize}
                   for update skip locked))`,
      [...values],
    );
    return { deleted, isOver: deleted < this.batchSize };
  }
}
