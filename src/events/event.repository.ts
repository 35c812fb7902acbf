import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { EventRecord } from './event.entity.js';
import type { EventView, ListEvents } from './event.schemas.js';

/** Reads the outbox. */
@Injectable()
export class EventRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Events, newest first. */
  async list({ type, conversationId, limit, cursor }: ListEvents): Promise<Page<EventView>> {
    const query = this.dataSource
      .createQueryBuilder(EventRecord, 'event')
      .orderBy('event.position', 'DESC')
      .limit(limit + 1);
    if (type !== undefined) query.andWhere('event.type = :type', { type });
    if (conversationId !== undefined)
      query.andWhere('event.conversation_id = :conversationId', { conversationId });
    if (cursor !== undefined)
      query.andWhere('event.position < :position', { position: decodeCursor(cursor, ['number'])[0] });
    return toPage(await query.getMany(), limit, (event) => [Number(event.position)], view);
  }
}

function view(event: EventRecord): EventView {
  return {
    id: event.id,
    type: event.type,
    timestamp: event.occurredAt.toISOString(),
    conversationId: event.conversationId,
    traceId: event.traceId,
    data: event.data as EventView['data'],
  };
}
