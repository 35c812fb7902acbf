import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/** An erasure that is not finished. */
export interface Erasure {
  readonly id: string;
  readonly clientHash: string;
  /** Has what is to be erased in the client's place. */
  readonly standIn: string;
  readonly keysDeleted: boolean;
}

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

/** Most conversations that one transaction erases; what is in them is counted by the caller's limit. */
const CONVERSATIONS = 50;

/** Everything that is about a client, in whichever table: erased, not kept in order. */
@Injectable()
export class ErasureRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Locks a client until the transaction ends: it is alone with all that belongs to the client. */
  async lockClient(tx: EntityManager, id: string): Promise<boolean> {
    const rows = await tx.query('select from clients where id = $1 for update', [id]);
    return rows.length === 1;
  }

  /**
   * Puts a stand-in in the place of a locked client: everything is the stand-in's then, nothing of it goes on, and
   * the client is gone. Whoever writes under the old name from here on is somebody new.
   *
   * @param recently since when the same words would be taken for the same message
   */
  async replace(tx: EntityManager, id: string, standIn: string, at: Date, recently: Date): Promise<void> {
    await tx.query(
      `insert into clients (id, first_seen_at, last_seen_at)
       select $2, first_seen_at, last_seen_at from clients where id = $1`,
      [id, standIn],
    );
    const active = `select id from conversations where client_id = $1 and status <> 'closed'`;
    await tx.query(
      `delete from reminders where conversation_id in (${active})
          and coalesce(sent_at, cancelled_at, failed_at) is null`,
      [id],
    );
    await tx.query(`delete from escalations where conversation_id in (${active}) and resolved_at is null`, [
      id,
    ]);
    await tx.query(
      `update conversations set status = 'closed', closed_at = $2, last_activity_at = $2, waiting_since = null
        where client_id = $1 and status <> 'closed'`,
      [id, at],
    );
    await tx.query('update conversations set client_id = $2 where client_id = $1', [id, standIn]);
    await tx.query('update messages set client_id = $2 where client_id = $1 and created_at > $3', [
      id,
      standIn,
      recently,
    ]);
    await tx.query('delete from clients where id = $1', [id]);
  }

  async insert(tx: EntityManager, { id, clientHash, standIn }: Erasure, at: Date): Promise<void> {
    await tx.query(
      `insert into client_erasures (id, client_hash, stand_in, keys_deleted, requested_at)
       values ($1, $2, $3, false, $4)`,
      [id, clientHash, standIn, at],
    );
  }

  /** The next erasure that nobody else is at, locked; undefined: there is none. */
  async holdNext(tx: EntityManager): Promise<Erasure | undefined> {
    const [erasure] = await tx.query(
      `select id, client_hash as "clientHash", stand_in as "standIn", keys_deleted as "keysDeleted"
         from client_erasures
        where finished_at is null
        order by id
        limit 1
          for update skip locked`,
    );
    return erasure;
  }

  /**
   * Deletes a batch of the idempotency keys that messages of the stand-in came with: before the messages, or a
   * repeated request would look for an answer that is gone. No index leads from a message to its key, for ingest would
   * pay for it; so all there are, of some days, are walked along.
   *
   * @returns the last one that was looked at; undefined: there are no more
   */
  async deleteKeys(
    tx: EntityManager,
    { standIn }: Erasure,
    behind: KeyPosition,
    limit: number,
  ): Promise<KeyPosition | undefined> {
    const [last] = await tx.query(
      `with looked_at as materialized (
         select expires_at, owner_id, key, message_id
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
             where conversation.client_id = $1)
       )
       select expires_at as "expiresAt", owner_id as "ownerId", key
         from looked_at
        order by expires_at desc, owner_id desc, key desc
        limit 1`,
      [standIn, behind.expiresAt, behind.ownerId, behind.key, limit],
    );
    return last;
  }

  async keysAreDeleted(tx: EntityManager, { id }: Erasure): Promise<void> {
    await tx.query('update client_erasures set keys_deleted = true where id = $1', [id]);
  }

  /** Some conversations of the stand-in. */
  async conversations(tx: EntityManager, { standIn }: Erasure): Promise<string[]> {
    const rows: { id: string }[] = await tx.query(
      'select id from conversations where client_id = $1 order by opened_at limit $2',
      [standIn, CONVERSATIONS],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Deletes events of conversations with their deliveries, sent or not. Nobody makes deliveries of events, or counts
   * them, meanwhile.
   *
   * @returns how many
   */
  async deleteEvents(tx: EntityManager, conversations: readonly string[], limit: number): Promise<number> {
    await tx.query('select from statistics_follower for update');
    await tx.query('select from event_fan_out for update');
    const events: { id: string; position: string }[] = await tx.query(
      `select id, position from events where conversation_id = any ($1) order by position limit $2 for update`,
      [conversations, limit],
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
  async deleteMessages(tx: EntityManager, conversations: readonly string[], limit: number): Promise<number> {
    const [, count] = await tx.query(
      `delete from messages
        where id = any (array(select id from messages where conversation_id = any ($1) limit $2))`,
      [conversations, limit],
    );
    return count;
  }

  /** Deletes conversations with what is left of them; as of now they are open no more. */
  async deleteConversations(tx: EntityManager, conversations: readonly string[]): Promise<void> {
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

  /** Nothing is left but that there was an erasure. */
  async finish(tx: EntityManager, { id, standIn }: Erasure, at: Date): Promise<void> {
    await tx.query('delete from clients where id = $1', [standIn]);
    await tx.query('update client_erasures set finished_at = $2, stand_in = null where id = $1', [id, at]);
  }

  async find(id: string): Promise<
    | {
        readonly id: string;
        readonly clientHash: string;
        readonly requestedAt: Date;
        readonly finishedAt: Date | null;
      }
    | undefined
  > {
    const [row] = await this.dataSource.query(
      `select id, client_hash as "clientHash", requested_at as "requestedAt", finished_at as "finishedAt"
         from client_erasures where id = $1`,
      [id],
    );
    return row;
  }
}
