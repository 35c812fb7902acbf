import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { walkAlongIndexes } from '../database/index-walk.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { DeletedWebhooks } from './deleted-webhooks.js';
import { GivenUpDeliveries } from './given-up-deliveries.js';
import { firstIdOf } from './id-time.js';

/** Before every id. */
const BEGINNING = '00000000-0000-0000-0000-000000000000';

/** How often what was passed over is looked at again: it may be over by now. */
const ROUND = 24 * 60 * 60 * 1_000;

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
 * Deletes deliveries, with their attempts, and replays from time to time, a batch at a time, that are over since
 * `WEBHOOK_RETENTION`; and what endpoints left behind that were deleted.
 *
 * It walks along the ids, which are in the order of time. What is pending is passed over, and what was sent once more
 * is kept as if it were new: a run goes on where the one before ended, so that these are not read every time.
 */
@Injectable()
export class DeliveryCleanup {
  private readonly retention: number;
  private readonly handle: ProcessHandle;
  private readonly batchSize: number;
  private behind = BEGINNING;
  private roundEndsAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly deletedWebhooks: DeletedWebhooks,
    private readonly givenUp: GivenUpDeliveries,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.retention = config.webhooks.retention;
    this.batchSize = config.cleanup.batchSize;
    this.handle = processes.register({
      name: 'webhook-cleanup',
      description:
        'Deletes deliveries and replays that were over long ago, and what deleted endpoints left behind; gives up what ' +
        'waits for endpoints that stay disabled.',
      interval: config.webhooks.cleanupInterval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that an endpoint was deleted. */
  wake(): void {
    this.handle.wake();
  }

  /** Deletes what is old by now. Processes that do this at the same time pass over each other's rows. */
  async run(stopping?: AbortSignal): Promise<Run> {
    const now = this.clock.now();
    if (now >= this.roundEndsAt) {
      this.behind = BEGINNING;
      this.roundEndsAt = now + ROUND;
    }
    const cutoff = now - this.retention;
    let handled = await this.deletedWebhooks.clear(stopping);
    handled += await this.givenUp.giveUp(stopping);
    for (let isOver = false; !isOver; ) {
      const { seen, deleted, last } = await this.deleteDeliveries(cutoff);
      handled += deleted;
      this.behind = last ?? this.behind;
      isOver = seen < this.batchSize || (stopping?.aborted ?? false);
    }
    return { handled: handled + (await this.deleteReplays(cutoff)) };
  }

  private async deleteDeliveries(cutoff: number): Promise<Batch> {
    const values = [this.behind, firstIdOf(cutoff), this.batchSize, new Date(cutoff)];
    const [batch] = await this.dataSource.transaction(async (tx): Promise<Batch[]> => {
      await walkAlongIndexes(tx);
      return tx.query(DELETE_DELIVERIES, values);
    });
    if (!batch) throw new Error('Deleting old deliveries gave no answer.');
    return batch;
  }

  private async deleteReplays(cutoff: number): Promise<number> {
    const [, count] = await this.dataSource.query(
      `delete from webhook_replays
        where id in (
          select id from webhook_replays
           where id < $1 and finished_at <= $2
           order by id
           limit $3
             for update skip locked)`,
      [firstIdOf(cutoff), new Date(cutoff), this.batchSize],
    );
    return count;
  }
}
