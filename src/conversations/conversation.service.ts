import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IdGenerator } from '../clock/clock.js';
import { notFound } from '../errors/domain-error.js';
import { EscalationService } from '../escalations/escalation.service.js';
import type { NewEvent } from '../events/event-catalogue.js';
import { Outbox } from '../events/outbox.js';
import type { Page } from '../http/pagination.js';
import type { Once, RequestKey } from '../idempotency/request-key.js';
import type { Message } from '../messages/message.entity.js';
import { MessageRepository } from '../messages/message.repository.js';
import type { MessageView } from '../messages/message.schemas.js';
import { messageView } from '../messages/message.view.js';
import { ReplyWatch } from '../messages/reply-watch.js';
import { AutoClose } from './auto-close.js';
import { ConversationRepository, type LockedConversation } from './conversation.repository.js';
import type {
  Close,
  ConversationMessages,
  ConversationView,
  ListConversations,
  Reply,
} from './conversation.schemas.js';
import { conversationView } from './conversation.view.js';
import { ConversationChanges } from './conversation-changes.js';
import { ConversationReminders } from './conversation-reminders.js';
import type { Priority } from './priority.js';
import { newReply, repliedEvent } from './reply.js';

interface Answered {
  readonly reply: Message;
  /** Of the conversation that it answers now. */
  readonly priority?: Priority;
}

/** Conversations: answering them, closing them, setting their priority, and reading them. */
@Injectable()
export class ConversationService {
  constructor(
    private readonly changes: ConversationChanges,
    private readonly conversations: ConversationRepository,
    private readonly messages: MessageRepository,
    private readonly reminders: ConversationReminders,
    private readonly escalations: EscalationService,
    private readonly autoClose: AutoClose,
    private readonly outbox: Outbox,
    private readonly replies: ReplyWatch,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Answers the client: nobody waits any more, so what is pending for the conversation is cancelled with it.
   *
   * @param key where the request has one, it answers once
   */
  async reply(id: string, body: Reply, key?: RequestKey): Promise<Once<MessageView>> {
    const messageId = this.ids.next();
    const { made, isReplay } = await this.changes.once(
      id,
      {
        key,
        request: ['reply', id.toLowerCase(), body],
        made: { messageId },
        again: (tx, first) => this.replied(tx, first),
      },
      (tx, conversation, at) => this.answer(tx, conversation, newReply(messageId, conversation, body, at)),
    );
    const { reply, priority } = made;
    if (priority) {
      this.replies.notice(reply.conversationId);
      this.autoClose.expect(priority);
    }
    return { made: messageView(reply), isReplay };
  }

  async close(id: string, { reason }: Close): Promise<ConversationView> {
    return this.changes.run(id, async (tx, conversation, at) => {
      const changes = {
        status: 'closed' as const,
        closedAt: at,
        closeReason: reason,
        waitingSince: null,
        lastActivityAt: at,
      };
      await this.conversations.update(tx, id, changes);
      await this.escalations.resolve(tx, id, at, 'closed');
      const closed: NewEvent = {
        type: 'conversation.closed',
        conversationId: id,
        data: { conversationId: id, clientId: conversation.clientId, reason, closedAt: at.toISOString() },
      };
      await this.outbox.append(tx, [
        closed,
        ...(await this.reminders.cancel(tx, conversation, at, 'closed')),
      ]);
      return conversationView({ ...conversation, ...changes });
    });
  }

  /**
   * Sets the priority; where the client waits, the reminders are those of the new priority from now on, and where the
   * conversation is escalated, its place in the queue is too.
   */
  async prioritise(id: string, priority: Priority): Promise<ConversationView> {
    const { view, dueAt } = await this.changes.run(id, async (tx, conversation, at) => {
      const moved = await this.escalations.prioritise(tx, conversation, priority, at);
      if (conversation.priority === priority) {
        await this.outbox.append(tx, moved);
        return { view: conversationView(conversation), dueAt: undefined };
      }
      await this.conversations.update(tx, id, { priority, lastActivityAt: at });
      const prioritised: NewEvent = {
        type: 'conversation.prioritised',
        conversationId: id,
        data: {
          conversationId: id,
          clientId: conversation.clientId,
          priority,
          previousPriority: conversation.priority,
        },
      };
      await this.outbox.append(tx, [
        prioritised,
        ...moved,
        ...(await this.reminders.cancel(tx, conversation, at, 'prioritised', 'policy')),
      ]);
      const dueAt = conversation.waitingSince ? await this.reminders.plan(tx, id, priority, at) : undefined;
      return { view: conversationView({ ...conversation, priority, lastActivityAt: at }), dueAt };
    });
    if (dueAt) this.reminders.expect(dueAt);
    return view;
  }

  async find(id: string): Promise<ConversationView> {
    const conversation = await this.conversations.findById(id);
    if (!conversation) throw notFound('conversation', id);
    return conversationView(conversation);
  }

  list(query: ListConversations): Promise<Page<ConversationView>> {
    return this.conversations.list(query, conversationView);
  }

  /** What was said in a conversation, oldest first. */
  async listMessages(id: string, query: ConversationMessages): Promise<Page<MessageView>> {
    await this.find(id);
    return this.messages.list({ ...query, conversationId: id }, messageView, { oldestFirst: true });
  }

  private async answer(
    tx: EntityManager,
    conversation: LockedConversation,
    reply: Message,
  ): Promise<Answered> {
    const { conversationId, createdAt: at } = reply;
    await this.messages.insertReply(tx, reply);
    await this.escalations.resolve(tx, conversationId, at, 'replied');
    await this.conversations.update(tx, conversationId, { waitingSince: null, lastActivityAt: at });
    await this.outbox.append(tx, [
      repliedEvent(reply),
      ...(await this.reminders.cancel(tx, conversation, at, 'replied')),
    ]);
    return { reply, priority: conversation.priority };
  }

  /** A reply of before: nothing follows from it any more. */
  private async replied(tx: EntityManager, id: string): Promise<Answered | null> {
    const reply = await this.messages.findById(id, tx);
    return reply && { reply };
  }
}
