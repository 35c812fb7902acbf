import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { Reminder } from './reminder.entity.js';
import type { ListReminders, ReminderStatus, ReminderView } from './reminder.schemas.js';

const PENDING = 'sent_at is null and cancelled_at is null and failed_at is null';

const WHERE_STATUS: Readonly<Record<ReminderStatus, string>> = {
  pending: `reminder.sent_at is null and reminder.cancelled_at is null and reminder.failed_at is null`,
  sent: 'reminder.sent_at is not null',
  cancelled: 'reminder.cancelled_at is not null',
  failed: 'reminder.failed_at is not null',
};

/** The table of reminders. */
@Injectable()
export class ReminderRepository {
  constructor(private readonly dataSource: DataSource) {}

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

  /** Reminders, the next one due first. */
  async list({ status, conversationId, limit, cursor }: ListReminders): Promise<Page<ReminderView>> {
    const query = this.dataSource
      .createQueryBuilder(Reminder, 'reminder')
      .orderBy('reminder.scheduled_at', 'ASC')
      .addOrderBy('reminder.id', 'ASC')
      .limit(limit + 1);
    if (status !== undefined) query.andWhere(WHERE_STATUS[status]);
    if (conversationId !== undefined)
      query.andWhere('reminder.conversation_id = :conversationId', { conversationId });
    if (cursor !== undefined) {
      const [at, id] = decodeCursor(cursor, ['time', 'id']);
      query.andWhere('(reminder.scheduled_at, reminder.id) > (:at, :id)', { at, id });
    }
    const rows = await query.getMany();
    return toPage(rows, limit, (reminder) => [reminder.scheduledAt.toISOString(), reminder.id], view);
  }
}

function statusOf(reminder: Reminder): ReminderStatus {
  if (reminder.cancelledAt) return 'cancelled';
  if (reminder.failedAt) return 'failed';
  return reminder.sentAt ? 'sent' : 'pending';
}

function view(reminder: Reminder): ReminderView {
  return {
    id: reminder.id,
    conversationId: reminder.conversationId,
    messageId: reminder.messageId,
    kind: reminder.kind,
    level: reminder.level,
    priority: reminder.priority,
    status: statusOf(reminder),
    note: reminder.note,
    scheduledAt: reminder.scheduledAt.toISOString(),
    sentAt: reminder.sentAt?.toISOString() ?? null,
    cancelledAt: reminder.cancelledAt?.toISOString() ?? null,
    cancelReason: reminder.cancelReason,
    failedAt: reminder.failedAt?.toISOString() ?? null,
    failure: reminder.failure,
    createdAt: reminder.createdAt.toISOString(),
  };
}
