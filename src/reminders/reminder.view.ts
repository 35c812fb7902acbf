import type { Reminder } from './reminder.entity.js';
import type { ReminderStatus, ReminderView } from './reminder.schemas.js';

/** A reminder as the API shows it. */
export function reminderView(reminder: Reminder): ReminderView {
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
    attempts: reminder.attempts,
    createdAt: reminder.createdAt.toISOString(),
  };
}

function statusOf(reminder: Reminder): ReminderStatus {
  if (reminder.cancelledAt) return 'cancelled';
  if (reminder.failedAt) return 'failed';
  return reminder.sentAt ? 'sent' : 'pending';
}
