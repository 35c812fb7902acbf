import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../clock/clock.js';
import { afterCommit } from '../database/after-commit.js';
import { requestContext } from '../logging/request-context.js';
import type { NewEvent } from './event-catalogue.js';
import { OutboxSignal } from './outbox-signal.js';

/**
 * Writes events in the transaction that makes them true. Ingest writes its own, inside its function; everything
 * else comes through here.
 */
@Injectable()
export class Outbox {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly signal: OutboxSignal,
  ) {}

  private readonly raise = () => this.signal.raise();

  /** Appends events in the order given. @returns their ids */
  async append(tx: EntityManager, events: readonly NewEvent[]): Promise<string[]> {
    if (events.length === 0) return [];
    const rows = events.map((event) => ({ ...event, id: this.ids.next(), data: JSON.stringify(event.data) }));
    await tx.query(
      `insert into events (id, type, conversation_id, trace_id, occurred_at, data)
       select id, type, "conversationId", $2, $3, data::json
         from jsonb_to_recordset($1) as event (id uuid, type text, "conversationId" uuid, data text)`,
      [JSON.stringify(rows), requestContext.getStore()?.traceId ?? null, new Date(this.clock.now())],
    );
    afterCommit(tx, this.raise);
    return rows.map(({ id }) => id);
  }
}
