import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { DomainError, notFound } from '../errors/domain-error.js';
import { IdempotencyRecords, type Made } from '../idempotency/idempotency-records.js';
import type { Once, RequestKey } from '../idempotency/request-key.js';
import { ConversationRepository, type LockedConversation } from './conversation.repository.js';

type Work<T> = (tx: EntityManager, conversation: LockedConversation, at: Date) => Promise<T>;

/** A change that makes something, and is made once for its key. */
interface Making<T> {
  /** Without one, it is made each time. */
  readonly key: RequestKey | undefined;
  /** Tells this request from another one with the same key. */
  readonly request: readonly unknown[];
  readonly made: Made;
  /** Reads what the first request made, as it was then; null: it is gone. */
  again(tx: EntityManager, id: string): Promise<T | null>;
}

/** The way to change a conversation: alone with it and its client, as ingest is. */
@Injectable()
export class ConversationChanges {
  constructor(
    private readonly transactor: Transactor,
    private readonly conversations: ConversationRepository,
    private readonly clock: Clock,
    private readonly records: IdempotencyRecords,
  ) {}

  /**
   * Runs a change of a conversation that is not closed, in one transaction.
   *
   * @param work gets the locked conversation, and the moment at which the change happens
   * @throws DomainError `conversation_not_found` or `conversation_closed`
   */
  run<T>(id: string, work: Work<T>): Promise<T> {
    return this.transactor.run((tx) => this.change(tx, id, work));
  }

  /**
   * The same, once for a key, which is claimed in the transaction of the change: a refused one leaves it free. What was
   * made already is found again whatever became of the conversation since.
   *
   * @throws DomainError `idempotency_key_reused`, `conversation_not_found` or `conversation_closed`
   */
  once<T>(id: string, { key, request, made, again }: Making<T>, work: Work<T>): Promise<Once<T>> {
    return this.transactor.run(async (tx) => {
      const first = key && (await this.records.claim(tx, key, request, made));
      if (first === undefined) return { made: await this.change(tx, id, work), isReplay: false };
      const known = await again(tx, first);
      // What is made in a conversation goes with it: retention, or an erasure.
      if (!known) throw notFound('conversation', id);
      return { made: known, isReplay: true };
    });
  }

  private async change<T>(tx: EntityManager, id: string, work: Work<T>): Promise<T> {
    const conversation = await this.conversations.lock(tx, id);
    if (!conversation) throw notFound('conversation', id);
    if (conversation.status === 'closed') {
      throw new DomainError('conflict', 'conversation_closed', `The conversation ${id} is closed.`);
    }
    return work(tx, conversation, await this.conversations.tick(tx, conversation, this.clock.now()));
  }
}
