import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IdGenerator } from '../clock/clock.js';
import type { LockedConversation } from '../conversations/conversation.repository.js';
import { ConversationChanges } from '../conversations/conversation-changes.js';
import { EscalationService } from '../escalations/escalation.service.js';
import type { Reminder } from './reminder.entity.js';
import { ReminderRepository } from './reminder.repository.js';
import { ReminderPolicies } from './reminder-policies.js';

/** A reminder that ended a chain without having been sent. */
type Dropped = Pick<Reminder, 'conversationId' | 'messageId' | 'level'>;

/**
 * Keeps the promise where a reminder is dropped: a client that waits is remembered by a reminder to come, or stands
 * in the queue.
 */
@Injectable()
export class ReminderChains {
  constructor(
    private readonly changes: ConversationChanges,
    private readonly reminders: ReminderRepository,
    private readonly escalations: EscalationService,
    private readonly policies: ReminderPolicies,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Goes on after a reminder that was dropped, in a transaction of its own.
   *
   * @returns when the next one is due, where one had to be planned
   */
  continueAfter(dropped: Dropped): Promise<Date | undefined> {
    return this.changes.run(dropped.conversationId, (tx, conversation, at) =>
      this.continueIn(tx, conversation, dropped, at),
    );
  }

  /** The same, in the transaction that drops it. */
  async continueIn(
    tx: EntityManager,
    conversation: LockedConversation,
    dropped: Dropped,
    at: Date,
  ): Promise<Date | undefined> {
    if (!(await this.isForgotten(tx, conversation))) return undefined;
    const { id: conversationId, priority } = conversation;
    const repetition = this.policies.repetition(priority, at.getTime());
    if (repetition === undefined) {
      // Without a reminder to offer, somebody has to look.
      await this.escalations.add(
        tx,
        conversation,
        { reason: 'policy', level: dropped.level, note: null },
        at,
      );
      return undefined;
    }
    const scheduledAt = new Date(repetition);
    await this.reminders.insert(tx, [
      {
        id: this.ids.next(),
        conversationId,
        messageId: dropped.messageId,
        kind: 'policy',
        level: dropped.level + 1,
        priority,
        scheduledAt,
        createdAt: at,
      },
    ]);
    return scheduledAt;
  }

  /**
   * Begins the reminders of a conversation anew, where it waits and nothing is to come; without any to begin, it is
   * escalated.
   *
   * @returns whether that was so, and when the first of them is due
   */
  restart(conversationId: string): Promise<{ isForgotten: boolean; dueAt?: Date | undefined }> {
    return this.changes.run(conversationId, async (tx, conversation, at) => {
      if (!(await this.isForgotten(tx, conversation))) return { isForgotten: false };
      const planned = this.policies.plan(conversation.priority, at.getTime());
      if (planned.length === 0) {
        await this.escalations.add(tx, conversation, { reason: 'self_check', level: null, note: null }, at);
        return { isForgotten: true };
      }
      await this.reminders.insert(
        tx,
        planned.map(({ id, level, scheduledAt }) => ({
          id,
          conversationId,
          kind: 'policy',
          level,
          priority: conversation.priority,
          scheduledAt: new Date(scheduledAt),
          createdAt: at,
        })),
      );
      return { isForgotten: true, dueAt: planned[0] && new Date(planned[0].scheduledAt) };
    });
  }

  /** Whether a locked conversation waits with neither a reminder to come nor a place in the queue. */
  private async isForgotten(tx: EntityManager, { id, waitingSince }: LockedConversation): Promise<boolean> {
    if (!waitingSince) return false;
    if (await this.reminders.hasPendingOfPolicy(tx, id)) return false;
    return !(await this.escalations.isEscalated(tx, id));
  }
}
