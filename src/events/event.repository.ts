import { Injectable } from '@nestjs/common';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import { ListReads } from '../database/replicas/list-reads.js';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { EventRecord } from './event.entity.js';
import type { EventView, ListEvents } from './event.schemas.js';
import { eventView } from './event.view.js';
import type { EventFilter } from './event-filter.js';

/** A part of the way through the outbox. */
export interface EventWalk {
  /** Those that are wanted. */
  readonly events: readonly EventRecord[];
  /** How far it came: further on there may be more. */
  readonly reached: number;
}

const COLUMNS = `position, id, type, conversation_id as "conversationId", trace_id as "traceId",
  occurred_at as "occurredAt", data`;

/** Most events that a walk passes, wanted or not. */
const STRIDE = 1_000;

/** Reads the outbox. */
@Injectable()
export class EventRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
  ) {}

  /** Events, newest first. */
  async list(filter: ListEvents): Promise<Page<EventView>> {
    const events = await this.lists.from((source) => listQuery(source, filter).getMany());
    return toPage('events', events, filter.limit, (event) => [Number(event.position)], eventView);
  }

  /** The place of an event in the order; undefined: there is no such event. */
  async positionOf(id: string): Promise<number | undefined> {
    const [row] = await this.dataSource.query<{ position: string }[]>(
      'select position from events where id = $1',
      [id],
    );
    return row && Number(row.position);
  }

  /** The highest position that there is; 0: there are no events. */
  async highest(): Promise<number> {
    const [row] = await this.dataSource.query<{ position: string | null }[]>(
      'select max(position) as position from events',
    );
    return Number(row?.position ?? 0);
  }

  /** What is committed behind a position, decided or not, in order. */
  behind(position: number, limit: number): Promise<EventRecord[]> {
    return this.dataSource.query(
      `select ${COLUMNS} from events where position > $1 order by position limit $2`,
      [position, limit],
    );
  }

  /**
   * Looks for events behind one position, up to another, in order. Where few are wanted it looks at so many, and then
   * says how far it came.
   */
  async walk(
    from: number,
    to: number,
    { type, conversationId }: EventFilter,
    limit: number,
  ): Promise<EventWalk> {
    const parameters: unknown[] = [from, to, STRIDE, limit];
    // Said only where it restricts something: the plan of a conversation goes by its index.
    const ofConversation =
      conversationId === undefined ? '' : `and conversation_id = $${parameters.push(conversationId)}`;
    const ofTypes = type === undefined ? '' : `where type = any($${parameters.push(type)})`;
    const rows = await this.dataSource.query<(EventRecord & { passed: number; last: string | null })[]>(
      `with passed as (
         select * from events
          where position > $1 and position <= $2 ${ofConversation}
          order by position limit $3
       )
       select end_of.*, wanted.*
         from (select count(*)::int as passed, max(position) as last from passed) end_of
         left join (select ${COLUMNS} from passed ${ofTypes} order by position limit $4) wanted on true
        order by position`,
      parameters,
    );
    const events = rows.filter(({ position }) => position !== null);
    const [row] = rows;
    const passedAll = row?.passed !== STRIDE ? to : Number(row.last);
    return { events, reached: events.length === limit ? Number(events.at(-1)?.position) : passedAll };
  }
}

function listQuery(
  source: DataSource,
  { type, conversationId, limit, cursor }: ListEvents,
): SelectQueryBuilder<EventRecord> {
  const query = source
    .createQueryBuilder(EventRecord, 'event')
    .orderBy('event.position', 'DESC')
    .limit(limit + 1);
  if (type !== undefined) query.andWhere('event.type in (:...type)', { type });
  if (conversationId !== undefined)
    query.andWhere('event.conversation_id = :conversationId', { conversationId });
  if (cursor !== undefined)
    query.andWhere('event.position < :position', { position: decodeCursor('events', cursor, ['number'])[0] });
  return query;
}
