import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Priority } from '../conversations/priority.js';
import type { QueuedEscalation } from '../escalations/escalation.view.js';
import type { Chain } from './reminder-policy-change.js';

/** The chain of a conversation that waits, and what its new reminders and events need to know. */
export interface WaitingChain extends Chain {
  readonly conversationId: string;
  readonly clientId: string;
  readonly messageId: string | null;
}

export interface NewReminder {
  readonly id: string;
  readonly conversationId: string;
  readonly messageId: string | null;
  readonly level: number;
  readonly at: Date;
  readonly createdAt: Date;
}

export interface NewEscalation {
  readonly id: string;
  readonly conversationId: string;
  readonly level: number | null;
}

const PENDING = 'sent_at is null and cancelled_at is null and failed_at is null';

/** What makes the reminders of many conversations at once those of a changed policy. */
@Injectable()
export class ReminderPolicyChangeRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * The next clients, by their ids, who wait with a priority; a client has one active conversation at most.
   *
   * @param plannedSince only those of whom a reminder was planned since then
   */
  async waitingClients(
    priority: Priority,
    after: string,
    limit: number,
    plannedSince: Date | undefined,
  ): Promise<string[]> {
    const rows: { clientId: string }[] = await this.dataSource.query(
      `select conversation.client_id as "clientId"
         from conversations conversation
        where conversation.status <> 'closed'
          and conversation.waiting_since is not null
          and conversation.priority = $1
          and conversation.client_id > $2
          and ($4::timestamptz is null or exists (
                select from reminders reminder
                 where reminder.conversation_id = conversation.id
                   and reminder.kind = 'policy'
                   and reminder.created_at >= $4))
        order by conversation.client_id
        limit $3`,
      [priority, after, limit, plannedSince ?? null],
    );
    return rows.map(({ clientId }) => clientId);
  }

  /** Locks clients in the order in which ingest locks them: by the bytes of their ids. */
  async lock(tx: EntityManager, clientIds: readonly string[]): Promise<void> {
    await tx.query('select from clients where id = any($1) order by id collate "C" for no key update', [
      clientIds,
    ]);
  }

  /**
   * The chains of those of the locked clients who still wait with the priority. A chain began with its newest
   * reminder of level 1; one that has none, because it was lost, with the waiting. Reminders that the last change
   * of a policy took away count as if they had never been.
   */
  chains(tx: EntityManager, clientIds: readonly string[], priority: Priority): Promise<WaitingChain[]> {
    return tx.query(
      `select conversation.id as "conversationId", conversation.client_id as "clientId",
              chain.message_id as "messageId",
              (extract(epoch from chain.started_at) * 1000)::float8 as "startedAt",
              coalesce((
                select json_agg(json_build_object(
                         'id', reminder.id,
                         'level', reminder.level,
                         'scheduledAt', extract(epoch from reminder.scheduled_at) * 1000,
                         'doneAt', extract(epoch from coalesce(
                           reminder.sent_at, reminder.failed_at, reminder.cancelled_at)) * 1000))
                  from reminders reminder
                 where reminder.conversation_id = conversation.id
                   and reminder.kind = 'policy'
                   and reminder.created_at >= chain.started_at
                   and reminder.cancel_reason is distinct from 'policy_changed'
              ), '[]') as reminders
         from conversations conversation
        cross join lateral (
               select coalesce(max(first.created_at), conversation.waiting_since) as started_at,
                      (array_agg(first.message_id order by first.created_at desc))[1] as message_id
                 from reminders first
                where first.conversation_id = conversation.id
                  and first.kind = 'policy'
                  and first.level = 1
                  and first.created_at >= conversation.waiting_since
              ) chain
        where conversation.client_id = any($1)
          and conversation.status <> 'closed'
          and conversation.waiting_since is not null
          and conversation.priority = $2`,
      [clientIds, priority],
    );
  }

  /** Moves pending reminders. A worker that has claimed one loses it: no token of a claim is right any more (ADR 9). */
  async move(tx: EntityManager, moves: readonly { id: string; at: Date }[]): Promise<void> {
    await tx.query(
      `update reminders reminder
          set scheduled_at = move.at, lease_token = lease_token + 2, leased_until = null, attempts = 0
         from json_to_recordset($1) as move (id uuid, at timestamptz)
        where reminder.id = move.id and ${PENDING}`,
      [JSON.stringify(moves)],
    );
  }

  async cancel(
    tx: EntityManager,
    ids: readonly string[],
    at: Date,
  ): Promise<{ id: string; conversationId: string; level: number; scheduledAt: Date }[]> {
    const [rows] = await tx.query(
      `update reminders
          set cancelled_at = $2, cancel_reason = 'policy_changed', lease_token = lease_token + 2, leased_until = null
        where id = any($1) and ${PENDING}
       returning id, conversation_id as "conversationId", level, scheduled_at as "scheduledAt"`,
      [ids, at],
    );
    return rows;
  }

  async insert(tx: EntityManager, priority: Priority, reminders: readonly NewReminder[]): Promise<void> {
    await tx.query(
      `insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at)
       select id, "conversationId", "messageId", 'policy', level, $2, at, "createdAt"
         from json_to_recordset($1) as reminder (
                id uuid, "conversationId" uuid, "messageId" uuid, level integer, at timestamptz,
                "createdAt" timestamptz)`,
      [JSON.stringify(reminders), priority],
    );
  }

  /**
   * Hands conversations to the queue; those that are in it already stay where they are.
   *
   * @returns the new entries
   */
  async escalate(
    tx: EntityManager,
    priority: Priority,
    escalations: readonly NewEscalation[],
    at: Date,
  ): Promise<Pick<QueuedEscalation, 'id' | 'conversationId' | 'level'>[]> {
    const rows: { id: string; conversationId: string; level: number | null }[] = await tx.query(
      `insert into escalations (id, conversation_id, priority, reason, level, created_at)
       select id, "conversationId", $2, 'policy', level, $3
         from json_to_recordset($1) as escalation (id uuid, "conversationId" uuid, level integer)
       on conflict (conversation_id) where resolved_at is null do nothing
       returning id, conversation_id as "conversationId", level`,
      [JSON.stringify(escalations), priority, at],
    );
    await tx.query(`update conversations set status = 'open' where id = any($1) and status = 'pending'`, [
      rows.map(({ conversationId }) => conversationId),
    ]);
    return rows;
  }
}
