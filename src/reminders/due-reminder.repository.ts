import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Priority } from '../conversations/priority.js';
import { RoutineCalls } from '../database/routine-calls.js';
import { readRoutine } from '../database/routines.js';
import { OutboxSignal } from '../events/outbox-signal.js';

/** Gives due reminders to a worker; runs inside PostgreSQL. */
export const CLAIM_ROUTINE = readRoutine('claim_reminders', 'reminders/claim-reminders.sql');

/** Decides what becomes of claimed reminders; runs inside PostgreSQL. */
export const SEND_ROUTINE = readRoutine('send_reminders', 'reminders/send-reminders.sql');

/** A reminder that belongs to a worker for the time of its lease. */
export interface ClaimedReminder {
  readonly id: string;
  /** What the worker shows to be the one that holds the lease. */
  readonly leaseToken: number;
  readonly conversationId: string;
  readonly clientId: string;
  readonly messageId: string | null;
  readonly kind: 'policy' | 'manual';
  readonly level: number;
  /** The conversation's, when the reminder was claimed. */
  readonly priority: Priority;
  readonly scheduledAt: Date;
  /** How many attempts to send it came to an end before. */
  readonly attempts: number;
}

/** A claimed reminder, with what the policy of its priority wants to follow. */
export interface PlannedSend {
  readonly reminder: ClaimedReminder;
  /** Milliseconds; absent where the policy does not repeat. */
  readonly repeatAt: number | undefined;
  readonly escalates: boolean;
}

export interface Claim {
  readonly reminders: readonly ClaimedReminder[];
  /** When the next one is due, in milliseconds; absent where none is pending, or where more may be due already. */
  readonly nextAt: number | undefined;
}

/** What became of a batch. Reminders that are missing belonged to another worker, or to nobody any more. */
export interface Sent {
  readonly sent: number;
  readonly cancelled: number;
  /** Nothing was done with these, because their conversations have another priority by now. */
  readonly reprioritised: ReadonlyMap<string, Priority>;
  /** When the first repetition that was planned is due, in milliseconds. */
  readonly nextAt: number | undefined;
}

interface ClaimRow {
  readonly id: string | null;
  readonly lease_token: number;
  readonly conversation_id: string;
  readonly client_id: string;
  readonly message_id: string | null;
  readonly kind: ClaimedReminder['kind'];
  readonly level: number;
  readonly priority: Priority;
  readonly scheduled_at: Date;
  readonly attempts: number;
  readonly next_at: Date | null;
}

interface SentRow {
  readonly id: string | null;
  readonly outcome: 'sent' | 'cancelled' | 'reprioritised';
  readonly priority: Priority;
  readonly next_at: Date | null;
}

/** The way of the scheduler to the reminders: claim, send, or note why that failed; each is one transaction. */
@Injectable()
export class DueReminderRepository {
  constructor(
    private readonly routines: RoutineCalls,
    private readonly dataSource: DataSource,
    private readonly signal: OutboxSignal,
  ) {}

  /**
   * Claims what is due, the longest due first; what other workers claim at this moment is passed over.
   *
   * @param lease milliseconds
   */
  async claim(now: number, lease: number, limit: number): Promise<Claim> {
    const at = new Date(now);
    const rows = await this.routines.call<ClaimRow>(CLAIM_ROUTINE, [at, new Date(now + lease), limit]);
    return {
      reminders: rows.flatMap((row) => (row.id === null ? [] : [claimed(row, row.id)])),
      nextAt: rows.find(({ id }) => id === null)?.next_at?.getTime(),
    };
  }

  /** Sends what is still to be sent, with all that follows from it. */
  async send(batch: readonly PlannedSend[], now: number, traceId: string): Promise<Sent> {
    const items = batch.map(({ reminder, repeatAt, escalates }) => ({
      id: reminder.id,
      lease_token: reminder.leaseToken,
      conversation_id: reminder.conversationId,
      client_id: reminder.clientId,
      kind: reminder.kind,
      priority: reminder.priority,
      repeat_at: repeatAt === undefined ? null : new Date(repeatAt).toISOString(),
      escalates,
    }));
    const values = [JSON.stringify(items), new Date(now), traceId];
    const rows = await this.routines.call<SentRow>(SEND_ROUTINE, values);
    this.signal.raise();
    const count = (outcome: SentRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
    return {
      sent: count('sent'),
      cancelled: count('cancelled'),
      reprioritised: new Map(
        rows.flatMap(({ id, outcome, priority }) =>
          id !== null && outcome === 'reprioritised' ? [[id, priority]] : [],
        ),
      ),
      nextAt: rows.find(({ id }) => id === null)?.next_at?.getTime(),
    };
  }

  /**
   * Notes that an attempt failed: another one follows, or it was the last.
   *
   * @returns whether it was; undefined where the lease was lost
   */
  async fail(
    { id, leaseToken }: ClaimedReminder,
    at: Date,
    reason: string,
    attempts: number,
    retryAt: Date,
  ): Promise<boolean | undefined> {
    const [row] = await this.dataSource.query(
      `with attempted as (
         update reminders
            set attempts     = attempts + 1,
                failure      = $4,
                failed_at    = case when attempts + 1 >= $5 then $3::timestamptz end,
                leased_until = case when attempts + 1 < $5 then $6::timestamptz end
          where id = $1 and lease_token = $2
            and coalesce(sent_at, cancelled_at, failed_at) is null
         returning kind, failed_at
       )
       select failed_at is not null as "isLast",
              case when failed_at is not null then tally($3, 'reminders.failed', kind::text, 1) end
         from attempted`,
      [id, leaseToken, at, reason, attempts, retryAt],
    );
    return row?.isLast;
  }
}

function claimed(row: ClaimRow, id: string): ClaimedReminder {
  return {
    id,
    leaseToken: row.lease_token,
    conversationId: row.conversation_id,
    clientId: row.client_id,
    messageId: row.message_id,
    kind: row.kind,
    level: row.level,
    priority: row.priority,
    scheduledAt: row.scheduled_at,
    attempts: row.attempts,
  };
}
