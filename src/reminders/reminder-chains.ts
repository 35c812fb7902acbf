import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IdGenerator } from '../clock/clock.js';
import { ConversationRepository, type LockedConversation } from '../conversations/conversation.repository.js';
import { ConversationChanges } from '../conversations/conversation-changes.js';
import { escalatedEvent } from '../escalations/escalated-event.js';
import { EscalationRepository } from '../escalations/escalation.repository.js';
import type { QueuedEscalation } from '../escalations/escalation.view.js';
import { Outbox } from '../events/outbox.js';
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
    private readonly conversations: ConversationRepository,
    private readonly reminders: ReminderRepository,
    private readonly escalations: EscalationRepository,
    private readonly policies: ReminderPolicies,
    private readonly outbox: Outbox,
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
    const { id: conversationId, priority, waitingSince } = conversation;
    if (!waitingSince) return undefined;
    if (await this.reminders.hasPendingOfPolicy(tx, conversationId)) return undefined;
    if (await this.escalations.findOpen(tx, conversationId)) return undefined;
    const repetition = this.policies.repetition(priority, at.getTime());
    if (repetition === undefined) {
      await this.escalate(tx, conversation, dropped, at);
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

  /** A policy that does not repeat has no reminder to offer: then somebody has to look. */
  private async escalate(
    tx: EntityManager,
    { id: conversationId, clientId, priority, status }: LockedConversation,
    { level }: Dropped,
    at: Date,
  ): Promise<void> {
    const escalation: QueuedEscalation = {
      id: this.ids.next(),
      conversationId,
      clientId,
      priority,
      reason: 'policy',
      level,
      note: null,
      createdAt: at,
      operatorId: null,
      claimedAt: null,
      claimExpiresAt: null,
      resolvedAt: null,
      resolution: null,
    };
    await this.escalations.insert(tx, escalation);
    if (status === 'pending') await this.conversations.update(tx, conversationId, { status: 'open' });
    await this.outbox.append(tx, [escalatedEvent(escalation, null, at)]);
  }
}
