import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { ListReads } from '../database/replicas/list-reads.js';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { Reminder } from './reminder.entity.js';
import type { ListReminders, ReminderStatus } from './reminder.schemas.js';

/**
 * Of what was found by its id or conversation already. Not in the words of the index of what is pending, which is
 * long, and looks short where statistics are old.
 */
const PENDING = 'coalesce(sent_at, cancelled_at, failed_at) is null';

const WHERE_STATUS: Readonly<Record<ReminderStatus, string>> = {
  pending: `reminder.sent_at is null and reminder.cancelled_at is null and reminder.failed_at is null`,
  sent: 'reminder.sent_at is not null',
  cancelled: 'reminder.cancelled_at is not null',
  failed: 'reminder.failed_at is not null',
};

/** The table of reminders. */
@Injectable()
export class ReminderRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
  ) {}

  async insert(tx: EntityManager, reminders: readonly Partial<Reminder>[]): Promise<void> {
    await tx.insert(Reminder, [...reminders]);
  }

  /** Cancels what is pending for a conversation, or only the reminders of its policy. */
  async cancelPending(
    tx: EntityManager,
    conversationId: string,
    at: Date,
    reason: string,
    kind?: Reminder['kind'],
  ): Promise<Pick<Reminder, 'id' | 'level' | 'scheduledAt'>[]> {
    const [rows] = await tx.query(
      `update reminders set cancelled_at = $2, cancel_reason = $3
        where conversation_id = $1 and ${PENDING} and ($4::reminder_kind is null or kind = $4)
       returning id, level, scheduled_at as "scheduledAt"`,
      [conversationId, at, reason, kind ?? null],
    );
    return rows;
  }

  findById(id: string, source: EntityManager = this.dataSource.manager): Promise<Reminder | null> {
    return source.findOneBy(Reminder, { id });
  }

  /** Cancels one; null: it is not pending. A worker that has just claimed it finds it cancelled. */
  async cancel(tx: EntityManager, id: string, at: Date, reason: string): Promise<Reminder | null> {
    const [, count] = await tx.query(
      `update reminders set cancelled_at = $2, cancel_reason = $3 where id = $1 and ${PENDING}`,
      [id, at, reason],
    );
    return count === 0 ? null : tx.findOneBy(Reminder, { id });
  }

  /** Takes a pending one from whoever has leased it beyond the given moment; false: nobody has. */
  async freeLease(id: string, leasedAfter: Date): Promise<boolean> {
    const [, count] = await this.dataSource.query(
      `update reminders set leased_until = null, lease_token = lease_token + 1
        where id = $1 and leased_until > $2 and ${PENDING}`,
      [id, leasedAfter],
    );
    return count === 1;
  }

  /** Makes one that has failed pending again, as if it had never been tried; null: it has not failed. */
  async revive(tx: EntityManager, id: string): Promise<Reminder | null> {
    const [, count] = await tx.query(
      `update reminders set failed_at = null, failure = null, attempts = 0, leased_until = null
        where id = $1 and failed_at is not null`,
      [id],
    );
    return count === 0 ? null : tx.findOneBy(Reminder, { id });
  }

  /** Whether the conversation still has a reminder of its policy to come. */
  async hasPendingOfPolicy(tx: EntityManager, conversationId: string): Promise<boolean> {
    const rows: unknown[] = await tx.query(
      `select 1 from reminders where conversation_id = $1 and kind = 'policy' and ${PENDING} limit 1`,
      [conversationId],
    );
    return rows.length > 0;
  }

  /** Reminders, the next one due first. */
  async list<T>(filter: ListReminders, show: (reminder: Reminder) => T): Promise<Page<T>> {
    const rows = await this.lists.from((source) => listQuery(source, filter).getMany());
    return toPage(
      'reminders',
      rows,
      filter.limit,
      ({ scheduledAt, id }) => [scheduledAt.toISOString(), id],
      show,
    );
  }
}

function listQuery(
  source: DataSource,
  { status, conversationId, limit, cursor }: ListReminders,
): SelectQueryBuilder<Reminder> {
  const query = source
    .createQueryBuilder(Reminder, 'reminder')
    .orderBy('reminder.scheduled_at', 'ASC')
    .addOrderBy('reminder.id', 'ASC')
    .limit(limit + 1);
  if (status !== undefined) query.andWhere(WHERE_STATUS[status]);
  if (conversationId !== undefined)
    query.andWhere('reminder.conversation_id = :conversationId', { conversationId });
  if (cursor !== undefined) {
    const [at, id] = decodeCursor('reminders', cursor, ['time', 'id']);
    query.andWhere('(reminder.scheduled_at, reminder.id) > (:at, :id)', { at, id });
  }
  return query;
}
