import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { NewEvent } from '../events/event-catalogue.js';
import { ReminderRepository } from '../reminders/reminder.repository.js';
import { ReminderPolicies } from '../reminders/reminder-policies.js';
import { ReminderScheduler } from '../reminders/reminder-scheduler.js';
import type { Conversation } from './conversation.entity.js';
import type { Priority } from './priority.js';

/** What becomes of a conversation's reminders when it is answered, closed or prioritised. */
@Injectable()
export class ConversationReminders {
  constructor(
    private readonly reminders: ReminderRepository,
    private readonly policies: ReminderPolicies,
    private readonly scheduler: ReminderScheduler,
  ) {}

  /**
   * Cancels what is pending for a locked conversation, or only the reminders of its policy.
   *
   * @returns what is to be told of it
   */
  async cancel(
    tx: EntityManager,
    { id: conversationId, clientId }: Pick<Conversation, 'id' | 'clientId'>,
    at: Date,
    reason: string,
    kind?: 'policy',
  ): Promise<NewEvent[]> {
    const cancelled = await this.reminders.cancelPending(tx, conversationId, at, reason, kind);
    return cancelled.map((reminder) => ({
      type: 'reminder.cancelled',
      conversationId,
      data: {
        reminderId: reminder.id,
        conversationId,
        clientId,
        level: reminder.level,
        scheduledAt: reminder.scheduledAt.toISOString(),
        reason,
      },
    }));
  }

  /**
   * Plans the reminders of a priority for a locked conversation that waits.
   *
   * @returns when the first of them is due, for `expect` after the commit
   */
  async plan(
    tx: EntityManager,
    conversationId: string,
    priority: Priority,
    at: Date,
  ): Promise<Date | undefined> {
    const planned = this.policies.plan(priority, at.getTime()).map(({ id, level, scheduledAt }) => ({
      id,
      conversationId,
      kind: 'policy' as const,
      level,
      priority,
      scheduledAt: new Date(scheduledAt),
      createdAt: at,
    }));
    await this.reminders.insert(tx, planned);
    return planned[0]?.scheduledAt;
  }

  /** Says that a reminder is due then. */
  expect(dueAt: Date): void {
    this.scheduler.expect(dueAt.getTime());
  }
}
