import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { walkAlongIndexes } from '../database/index-walk.js';
import { Transactor } from '../database/transactor.js';
import { LOG, type Log } from '../logging/log.js';

/**
 * The last of them first: an endpoint that is enabled half-way still has the first of each conversation, which lets the
 * others go that are held back behind it. What was never sent has an attempt that says why.
 */
const GIVE_UP = `
  with waiting as materialized (
    select id from deliveries
     where webhook_id = $1 and outcome is null and (leased_until is null or leased_until <= $2)
     order by next_attempt_at desc, event_position desc
     limit $3
       for update skip locked
  ), given_up as (
    update deliveries
       set outcome = 'dead', finished_at = $2, leased_until = null, attempts = attempts + 1
     where id = any (array(select id from waiting))
    returning id, attempts
  ), explained as (
    insert into attempts (delivery_id, number, started_at, duration_ms, request_headers, error_class, error)
    select id, attempts, $2, 0, '{}', 'endpoint_disabled', $4 from given_up
  ), tallied as (
    insert into statistics_tallies (at, measure, label, amount)
    select $2, 'webhooks.deliveries', 'dead', count(*) from given_up having count(*) > 0
  )
  select count(*)::integer as count from given_up`;

interface Disabled {
  readonly id: string;
  readonly disabledAt: Date;
}

/**
 * Gives up what waits for endpoints that nobody enabled for `WEBHOOK_DISABLED_RETENTION`: those deliveries are dead, say why,
 * and can be sent again like any other.
 */
@Injectable()
export class GivenUpDeliveries {
  private readonly patience: number;
  private readonly batchSize: number;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.patience = config.webhooks.disabledRetention;
    this.batchSize = config.cleanup.batchSize;
  }

  /** Processes that do this at the same time pass over each other's rows. @returns how many */
  async giveUp(stopping?: AbortSignal): Promise<number> {
    const webhooks: Disabled[] = await this.dataSource.query(
      `select id, disabled_at as "disabledAt" from webhooks
        where not enabled and deleted_at is null and disabled_at <= $1
          and exists (select from deliveries where webhook_id = webhooks.id and outcome is null)`,
      [this.disabledBefore()],
    );
    let handled = 0;
    for (const webhook of webhooks) {
      handled += await this.giveUpAll(webhook, stopping);
      if (stopping?.aborted) break;
    }
    return handled;
  }

  private async giveUpAll({ id, disabledAt }: Disabled, stopping: AbortSignal | undefined): Promise<number> {
    const why =
      `The webhook was disabled at ${disabledAt.toISOString()} and not enabled since (WEBHOOK_DISABLED_RETENTION), ` +
      'so this was given up. Enable it, then it can be sent again.';
    let handled = 0;
    for (let isOver = false; !isOver; ) {
      const count = await this.transactor.run((tx) => this.giveUpBatch(tx, id, why));
      handled += count;
      isOver = count < this.batchSize || (stopping?.aborted ?? false);
    }
    if (handled > 0)
      this.log.warn({ webhookId: id, deliveries: handled }, 'Deliveries of a disabled webhook were given up');
    return handled;
  }

  private async giveUpBatch(tx: EntityManager, id: string, why: string): Promise<number> {
    await walkAlongIndexes(tx);
    // From here on nobody enables it.
    const held: unknown[] = await tx.query(
      `select from webhooks
        where id = $1 and not enabled and deleted_at is null and disabled_at <= $2
          for no key update`,
      [id, this.disabledBefore()],
    );
    if (held.length === 0) return 0;
    const [row] = await tx.query(GIVE_UP, [id, new Date(this.clock.now()), this.batchSize, why]);
    return row.count;
  }

  private disabledBefore(): Date {
    return new Date(this.clock.now() - this.patience);
  }
}
