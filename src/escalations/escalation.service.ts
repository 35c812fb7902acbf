import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IdGenerator } from '../clock/clock.js';
import type { Conversation } from '../conversations/conversation.entity.js';
import { ConversationRepository } from '../conversations/conversation.repository.js';
import { ConversationChanges } from '../conversations/conversation-changes.js';
import type { Priority } from '../conversations/priority.js';
import { notFound } from '../errors/domain-error.js';
import type { NewEvent } from '../events/event-catalogue.js';
import { Outbox } from '../events/outbox.js';
import type { Page } from '../http/pagination.js';
import { escalatedEvent } from './escalated-event.js';
import type { Escalation } from './escalation.entity.js';
import { EscalationRepository } from './escalation.repository.js';
import type { Escalate, EscalationView, ListEscalations, Resolution } from './escalation.schemas.js';
import { escalationView, type QueuedEscalation } from './escalation.view.js';

/** The queue of conversations that need a human now: putting one into it, and reading it. */
@Injectable()
export class EscalationService {
  constructor(
    private readonly escalations: EscalationRepository,
    private readonly changes: ConversationChanges,
    private readonly conversations: ConversationRepository,
    private readonly outbox: Outbox,
    private readonly ids: IdGenerator,
  ) {}

  /** Escalates by hand. One that is escalated already keeps its entry, with the place and the note that it has. */
  escalate(
    conversationId: string,
    { reason: note }: Escalate,
  ): Promise<{ isNew: boolean; escalation: EscalationView }> {
    return this.changes.run(conversationId, async (tx, conversation, at) => {
      const open = await this.escalations.findOpen(tx, conversationId);
      if (open) {
        const { clientId } = conversation;
        return { isNew: false, escalation: escalationView({ ...open, clientId }) };
      }
      const added = await this.add(tx, conversation, { reason: 'manual', level: null, note }, at);
      await this.conversations.update(tx, conversationId, { lastActivityAt: at });
      return { isNew: true, escalation: escalationView(added) };
    });
  }

  /** Puts a locked conversation that is not escalated into the queue, and tells of it; the team owns it from then on. */
  async add(
    tx: EntityManager,
    { id: conversationId, clientId, priority, status }: Conversation,
    cause: Pick<Escalation, 'reason' | 'level' | 'note'>,
    at: Date,
  ): Promise<QueuedEscalation> {
    const escalation: QueuedEscalation = {
      id: this.ids.next(),
      conversationId,
      clientId,
      priority,
      ...cause,
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
    return escalation;
  }

  /**
   * Gives the open entry of a locked conversation, where there is one, another priority.
   *
   * @returns what is to be told of it
   */
  async prioritise(
    tx: EntityManager,
    { id, clientId }: Pick<Conversation, 'id' | 'clientId'>,
    priority: Priority,
    at: Date,
  ): Promise<NewEvent[]> {
    const open = await this.escalations.findOpen(tx, id);
    if (!open || open.priority === priority) return [];
    await this.escalations.setPriority(tx, open.id, priority);
    return [escalatedEvent({ ...open, clientId, priority }, open.priority, at)];
  }

  /**
   * Whoever answered or closed a locked conversation was the human that it needed.
   *
   * @returns whether it was escalated
   */
  resolve(tx: EntityManager, conversationId: string, at: Date, resolution: Resolution): Promise<boolean> {
    return this.escalations.resolve(tx, conversationId, at, resolution);
  }

  /** Whether a locked conversation stands in the queue, claimed or not. */
  async isEscalated(tx: EntityManager, conversationId: string): Promise<boolean> {
    return (await this.escalations.findOpen(tx, conversationId)) !== null;
  }

  async find(id: string): Promise<EscalationView> {
    const escalation = await this.escalations.findById(id);
    if (!escalation) throw notFound('escalation', id);
    return escalationView(escalation);
  }

  list(query: ListEscalations): Promise<Page<EscalationView>> {
    return this.escalations.list(query, escalationView);
  }
}
