import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { ConversationRepository } from '../conversations/conversation.repository.js';
import { ConversationReminders } from '../conversations/conversation-reminders.js';
import { Transactor } from '../database/transactor.js';
import { EscalationService } from '../escalations/escalation.service.js';
import { Outbox } from '../events/outbox.js';

/** Conversations that were closed and not left in order. */
@Injectable()
export class ClosedConversations {
  constructor(
    private readonly transactor: Transactor,
    private readonly conversations: ConversationRepository,
    private readonly reminders: ConversationReminders,
    private readonly escalations: EscalationService,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /**
   * Does what closing a conversation does besides closing it.
   *
   * @returns whether there was something to do
   */
  finishClosing(id: string): Promise<boolean> {
    return this.transactor.run(async (tx) => {
      const conversation = await this.conversations.lock(tx, id);
      if (conversation?.status !== 'closed') return false;
      const at = await this.conversations.tick(tx, conversation, this.clock.now());
      const isResolved = await this.escalations.resolve(tx, id, at, 'closed');
      const cancelled = await this.reminders.cancel(tx, conversation, at, 'closed');
      await this.outbox.append(tx, cancelled);
      return isResolved || cancelled.length > 0;
    });
  }
}
