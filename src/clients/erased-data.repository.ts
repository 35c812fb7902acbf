import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Erasure } from './erasure.repository.js';

/** An idempotency record that was looked at. */
export interface KeyPosition {
  readonly expiresAt: Date | string;
  readonly ownerId: string;
  readonly key: string;
}

export const FIRST_KEY: KeyPosition = {
  expiresAt: '-infinity',
  ownerId: '00000000-0000-0000-0000-000000000000',
  key: '',
};

/** Most conversations that one transaction erases; what is in them is counted by CLEANUP_BATCH_SIZE. */
const CONVERSATIONS = 50;

/** What stands under a stand-in, in whichever table: deleted a batch at a time. */
@Injectable()
export class ErasedDataRepository {
  private readonly batchSize: number;

  constructor(@Inject(CONFIG) config: Config) {
    this.batchSize = config.cleanup.batchSize;
  }

  /**
   * Deletes a batch of the idempotency keys that messages, replies and reminders of the stand-in came with: before the
   * messages, or a repeated request would look for an answer that is gone. Those of reminders that went with the client
   * have nothing left to tell. No index leads from a message to its key, for ingest would pay for it; so all there are,
   * of some days, are walked along.
   *
   * @returns the last one that was looked at; undefined: there are no more
   */
  async deleteKeys(
    tx: EntityManager,
    { standIn }: Erasure,
    behind: KeyPosition,
  ): Promise<KeyPosition | undefined> {
    const [last] = await tx.query(
      `with looked_at as materialized (
         select expires_at, owner_id, key, message_id, reminder_id
           from idempotency_records
          where (expires_at, owner_id, key) > ($2, $3, $4)
          order by expires_at, owner_id, key
          limit $5
       ), deleted as (
         delete from idempotency_records
          where (owner_id, key) in (
            select owner_id, key
              from looked_at
              join messages message on message.id = looked_at.message_id
              join conversations conversation on conversation.id = message.conversation_id
             where conversation.client_id = $1
             union all
            select owner_id, key
              from looked_at
              left join reminders reminder on reminder.id = looked_at.reminder_id
              left join conversations conversation on conversation.id = reminder.conversation_id
             where looked_at.message_id is null
               and (conversation.client_id = $1 or reminder.id is null))
       )
       select expires_at as "expiresAt", owner_id as "ownerId", key
         from looked_at
        order by expires_at desc, owner_id desc, key desc
        limit 1`,
      [standIn, behind.expiresAt, behind.ownerId, behind.key, this.batchSize],
    );
    return last;
  }

  /** Some conversations of the stand-in. */
  async conversations(tx: EntityManager, { standIn }: Erasure): Promise<string[]> {
    const rows: { id: string }[] = await tx.query(
      'select id from conversations where client_id = $1 order by opened_at limit $2',
      [standIn, CONVERSATIONS],
    );
    return rows.map(({ id }) => id);
  }

  /** Deletes conversations with all that is in them, or a batch of it. */
  async deleteConversations(tx: EntityManager, conversations: readonly string[]): Promise<void> {
    if ((await this.deleteEvents(tx, conversations)) === this.batchSize) return;
    if ((await this.deleteMessages(tx, conversations)) === this.batchSize) return;
    await this.deleteEmptied(tx, conversations);
  }

  /**
   * Deletes events of conversations with their deliveries, sent or not. Nobody makes deliveries of events, or counts
   * them, meanwhile.
   *
   * @returns how many
   */
  private async deleteEvents(tx: EntityManager, conversations: readonly string[]): Promise<number> {
    await tx.query('select from statistics_follower for update');
    await tx.query('select from event_fan_out for update');
    const events: { id: string; position: string }[] = await tx.query(
      `select id, position from events where conversation_id = any ($1) order by position limit $2 for update`,
      [conversations, this.batchSize],
    );
    await tx.query(
      `delete from deliveries delivery using webhooks webhook
        where delivery.webhook_id = webhook.id and delivery.event_id = any ($1)`,
      [events.map(({ id }) => id)],
    );
    await tx.query('delete from events where position = any ($1::bigint[])', [
      events.map(({ position }) => position),
    ]);
    return events.length;
  }

  /** @returns how many */
  private async deleteMessages(tx: EntityManager, conversations: readonly string[]): Promise<number> {
    const [, count] = await tx.query(
      `delete from messages
        where id = any (array(select id from messages where conversation_id = any ($1) limit $2))`,
      [conversations, this.batchSize],
    );
    return count;
  }

  /** Deletes what is left of conversations; as of now they are open no more. */
  private async deleteEmptied(tx: EntityManager, conversations: readonly string[]): Promise<void> {
    await tx.query(
      `with gone as (
         delete from statistics_conversations where conversation_id = any ($1) returning waiting, escalated_at
       )
       update statistics_follower follower
          set open      = follower.open - gone.open,
              waiting   = follower.waiting - gone.waiting,
              escalated = follower.escalated - gone.escalated
         from (
           select count(*) as open, count(*) filter (where waiting) as waiting, count(escalated_at) as escalated
             from gone) gone`,
      [conversations],
    );
    await tx.query('delete from conversations where id = any ($1)', [conversations]);
  }
}
