import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { ListReads } from '../database/replicas/list-reads.js';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { Conversation } from './conversation.entity.js';
import type { ListConversations } from './conversation.schemas.js';

/** A conversation that is locked, together with its client, until the transaction ends. */
export interface LockedConversation extends Conversation {
  /** The client's clock: everything new of this client happens after it. */
  readonly clientSeenAt: Date;
}

/** The table of conversations. Ingest opens and continues them in its own way: see ingest-messages.sql. */
@Injectable()
export class ConversationRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
  ) {}

  findById(id: string): Promise<Conversation | null> {
    return this.dataSource.manager.findOneBy(Conversation, { id });
  }

  /**
   * Locks a conversation by its client, as ingest does: whoever holds the client's row is alone with all that
   * belongs to the client.
   */
  async lock(tx: EntityManager, id: string): Promise<LockedConversation | undefined> {
    const [client] = await tx.query(
      `select client.last_seen_at as "clientSeenAt"
         from clients client
        where client.id = (select client_id from conversations where id = $1)
          for no key update`,
      [id],
    );
    if (!client) return undefined;
    // A second statement, so that it sees what was committed while the first one waited.
    const conversation = await tx.findOneBy(Conversation, { id });
    return conversation ? { ...conversation, ...client } : undefined;
  }

  /** The moment of what happens now to a locked conversation; the client's clock moves on to it. */
  async tick(tx: EntityManager, conversation: LockedConversation, now: number): Promise<Date> {
    const at = new Date(Math.max(now, conversation.clientSeenAt.getTime() + 1));
    await tx.query('update clients set last_seen_at = $2 where id = $1', [conversation.clientId, at]);
    return at;
  }

  async update(tx: EntityManager, id: string, changes: Partial<Conversation>): Promise<void> {
    await tx.update(Conversation, { id }, changes as object);
  }

  /** Conversations: with a status, the one with the latest activity first; else the newest first. */
  async list<T>(filter: ListConversations, show: (conversation: Conversation) => T): Promise<Page<T>> {
    const rows = await this.lists.from((source) => listQuery(source, filter).getMany());
    const positionOf = (row: Conversation) =>
      filter.status === undefined ? [row.id] : [row.lastActivityAt.toISOString(), row.id];
    return toPage('conversations', rows, filter.limit, positionOf, show);
  }
}

function listQuery(
  source: DataSource,
  { status, priority, clientId, limit, cursor }: ListConversations,
): SelectQueryBuilder<Conversation> {
  const byActivity = status !== undefined;
  const query = source.createQueryBuilder(Conversation, 'conversation').limit(limit + 1);
  if (byActivity) query.addOrderBy('conversation.last_activity_at', 'DESC');
  query.addOrderBy('conversation.id', 'DESC');
  if (status !== undefined) query.andWhere('conversation.status = :status', { status });
  if (priority !== undefined) query.andWhere('conversation.priority = :priority', { priority });
  if (clientId !== undefined) query.andWhere('conversation.client_id = :clientId', { clientId });
  if (cursor !== undefined) {
    const position = decodeCursor('conversations', cursor, byActivity ? ['time', 'id'] : ['id']);
    const columns = byActivity ? 'conversation.last_activity_at, conversation.id' : 'conversation.id';
    query.andWhere(`(${columns}) < (:...position)`, { position });
  }
  return query;
}
