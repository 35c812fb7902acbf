import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { ListReads } from '../database/replicas/list-reads.js';
import { invalidInput } from '../errors/domain-error.js';
import { decodeCursor, type Page, type Position, toPage } from '../http/pagination.js';
import { Message } from './message.entity.js';
import type { CorrectTriage, ListMessages } from './message.schemas.js';
import { MessageWriters } from './message-writers.js';

/** The table of messages. Ingest writes into it in its own way: see ingest-messages.sql. */
@Injectable()
export class MessageRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
    private readonly writers: MessageWriters,
  ) {}

  findById(id: string, source: EntityManager = this.dataSource.manager): Promise<Message | null> {
    return source.findOneBy(Message, { id });
  }

  /** Stores an outbound message. */
  async insertReply(tx: EntityManager, reply: Message): Promise<void> {
    await tx.query(
      `insert into messages (id, client_id, conversation_id, direction, author, operator_id, content, channel,
                             sent_at, created_at)
       values ($1, $2, $3, 'outbound', $4, $5, $6, $7, $8, $8)`,
      [
        reply.id,
        reply.clientId,
        reply.conversationId,
        reply.author,
        reply.operatorId,
        reply.content,
        reply.channel,
        reply.createdAt,
      ],
    );
  }

  /** The first outbound message after the given one in its conversation. */
  findReply(message: Pick<Message, 'conversationId' | 'createdAt'>): Promise<Message | null> {
    return this.dataSource
      .createQueryBuilder(Message, 'message')
      .where("message.conversation_id = :conversationId and message.direction = 'outbound'", message)
      .andWhere('message.created_at > :createdAt', { createdAt: message.createdAt })
      .orderBy('message.created_at', 'ASC')
      .getOne();
  }

  /** Writes down what the team says the message's triage should have been. */
  async correct(tx: EntityManager, id: string, correction: CorrectTriage, at: Date): Promise<boolean> {
    const [, count] = await tx.query(
      `update messages
          set corrected_priority = coalesce($2, corrected_priority),
              corrected_category = coalesce($3, corrected_category),
              corrected_at = $4
        where id = $1 and direction = 'inbound'`,
      [id, correction.priority ?? null, correction.category ?? null, at],
    );
    if (count === 1) await tx.query(`select tally($1, 'triage.corrected', '', 1)`, [at]);
    return count === 1;
  }

  /**
   * Messages, newest first; after a known message, or when `oldestFirst`, the other way round. Each list reads one
   * range of one index: a client's, a conversation's, a priority's, or all by id.
   */
  async list<T>(
    query: ListMessages,
    show: (message: Message) => T,
    options: { oldestFirst?: boolean } = {},
  ): Promise<Page<T>> {
    const after = query.after === undefined ? undefined : await this.findById(query.after);
    if (after === null) {
      throw invalidInput([{ path: 'after', message: `there is no message ${query.after}` }]);
    }
    const read = (source: DataSource) => listQuery(source, query, after, options.oldestFirst === true);
    const rows = isFollowing(query)
      ? await this.follow(read(this.dataSource))
      : await this.lists.from((source) => read(source).getMany());
    return toPage(listName(options.oldestFirst === true), rows, query.limit, positionIn(query), show);
  }

  /** Reads from the primary, which alone knows what is just being stored. */
  private async follow(messages: SelectQueryBuilder<Message>): Promise<Message[]> {
    const settled = await this.writers.settled();
    return settled === undefined ? [] : messages.andWhere('message.id <= :settled', { settled }).getMany();
  }
}

/** Who reads on behind a message, whosever it was, must not miss one that is stored late. */
function isFollowing({ after, clientId, conversationId }: ListMessages): boolean {
  return after !== undefined && clientId === undefined && conversationId === undefined;
}

/** Those of a conversation are a list of their own, in the order in which they were said. */
function listName(oldestFirst: boolean): string {
  return oldestFirst ? 'conversation-messages' : 'messages';
}

/** What has a time of its own in the index of its range goes by it. */
function isByTime(query: ListMessages): boolean {
  return [query.clientId, query.conversationId, query.priority].some((filter) => filter !== undefined);
}

function positionIn(query: ListMessages): (message: Message) => Position {
  return ({ createdAt, id }) => (isByTime(query) ? [createdAt.toISOString(), id] : [id]);
}

function listQuery(
  source: DataSource,
  query: ListMessages,
  after: Message | undefined,
  oldestFirst: boolean,
): SelectQueryBuilder<Message> {
  const byTime = isByTime(query);
  const ascending = after !== undefined || oldestFirst;
  const builder = source.createQueryBuilder(Message, 'message').limit(query.limit + 1);
  filter(builder, query);
  for (const column of byTime ? ['message.created_at', 'message.id'] : ['message.id']) {
    builder.addOrderBy(column, ascending ? 'ASC' : 'DESC');
  }
  if (after) beyond(builder, positionIn(query)(after), '>', 'after');
  if (query.cursor !== undefined) {
    beyond(
      builder,
      decodeCursor(listName(oldestFirst), query.cursor, byTime ? ['time', 'id'] : ['id']),
      ascending ? '>' : '<',
      'cursor',
    );
  }
  return builder;
}

function filter(builder: SelectQueryBuilder<Message>, query: ListMessages): void {
  const { clientId, conversationId, priority, direction } = query;
  if (clientId !== undefined) builder.andWhere('message.client_id = :clientId', { clientId });
  if (conversationId !== undefined)
    builder.andWhere('message.conversation_id = :conversationId', { conversationId });
  if (priority !== undefined) builder.andWhere('message.priority = :priority', { priority });
  if (direction !== undefined) builder.andWhere('message.direction = :direction', { direction });
}

function beyond(
  builder: SelectQueryBuilder<Message>,
  position: Position,
  than: '<' | '>',
  name: string,
): void {
  const columns = position.length === 2 ? 'message.created_at, message.id' : 'message.id';
  builder.andWhere(`(${columns}) ${than} (:...${name})`, { [name]: position });
}
