import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/** What became of a batch of deliveries. */
export interface ClearedBatch {
  readonly deleted: number;
  /** The event of the last of them; null: there were none. */
  readonly last: string | null;
}

/** What is left of endpoints that were deleted. */
@Injectable()
export class DeletedWebhookRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Marks an endpoint as deleted; it is held. Nobody sees it any more, nothing is sent to it, and what is confidential
   * about it goes at once.
   */
  async mark(tx: EntityManager, id: string, at: Date): Promise<void> {
    await tx.query(
      `update webhooks
          set enabled = false, deleted_at = $2, updated_at = $2, revision = revision + 1,
              url = '', headers = '{}', description = null
        where id = $1`,
      [id, at],
    );
    await tx.query('delete from webhook_secrets where webhook_id = $1', [id]);
  }

  /** Those of which something is left. */
  async ids(): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      'select id from webhooks where deleted_at is not null order by deleted_at',
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Deletes the next of an endpoint's deliveries with their attempts, but none that somebody has locked.
   *
   * @param behind the event of the last of those before
   */
  async deleteDeliveries(
    tx: EntityManager,
    id: string,
    behind: string,
    limit: number,
  ): Promise<ClearedBatch> {
    const [batch]: ClearedBatch[] = await tx.query(
      `with batch as materialized (
         select id, event_id from deliveries
          where webhook_id = $1 and event_id > $2
          order by event_id
          limit $3
            for update skip locked
       ), deleted as (
         delete from deliveries where id = any (array(select id from batch))
       )
       select (select count(*)::integer from batch) as deleted,
              (select event_id from batch order by event_id desc limit 1) as last`,
      [id, behind, limit],
    );
    if (!batch) throw new Error('Deleting the deliveries of a webhook gave no answer.');
    return batch;
  }

  /**
   * Deletes an endpoint with what is left of it. Nobody makes deliveries meanwhile: whoever began while it was there
   * would find nothing to refer to.
   */
  async delete(tx: EntityManager, id: string): Promise<void> {
    await tx.query('select from event_fan_out for update');
    await tx.query('select from webhook_states where webhook_id = $1 for update', [id]);
    await tx.query('delete from webhooks where id = $1', [id]);
  }
}
