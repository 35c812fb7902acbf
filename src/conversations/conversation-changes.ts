import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { DomainError, notFound } from '../errors/domain-error.js';
import { ConversationRepository, type LockedConversation } from './conversation.repository.js';

/** The way to change a conversation: alone with it and its client, as ingest is. */
@Injectable()
export class ConversationChanges {
  constructor(
    private readonly transactor: Transactor,
    private readonly conversations: ConversationRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs a change of a conversation that is not closed, in one transaction.
   *
   * @param work gets the locked conversation, and the moment at which the change happens
   * @throws DomainError `conversation_not_found` or `conversation_closed`
   */
  run<T>(
    id: string,
    work: (tx: EntityManager, conversation: LockedConversation, at: Date) => Promise<T>,
  ): Promise<T> {
    return this.transactor.run(async (tx) => {
      const conversation = await this.conversations.lock(tx, id);
      if (!conversation) throw notFound('conversation', id);
      if (conversation.status === 'closed') {
        throw new DomainError('conflict', 'conversation_closed', `The conversation ${id} is closed.`);
      }
      return work(tx, conversation, await this.conversations.tick(tx, conversation, this.clock.now()));
    });
  }
}
