import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Attempt } from './attempt.entity.js';
import type { Delivery } from './delivery.entity.js';
import type { Outgoing } from './sending/attempt-result.js';

/** A webhook.test as it stands in the outbox. */
export interface TestEvent extends Outgoing {
  readonly position: string;
}

/** The deliveries of webhook.test: each is stored when it is over, so no worker sends it a second time. */
@Injectable()
export class WebhookTestRepository {
  constructor(private readonly dataSource: DataSource) {}

  async findEvent(id: string): Promise<TestEvent> {
    const [event]: TestEvent[] = await this.dataSource.query(
      `select position, id as "eventId", type as "eventType", occurred_at as "occurredAt", data::text as data,
              trace_id as "traceId"
         from events where id = $1`,
      [id],
    );
    if (!event) throw new Error(`The event ${id} was just written, and is not there.`);
    return event;
  }

  /** @returns false: the endpoint was deleted meanwhile */
  async insert(
    tx: EntityManager,
    delivery: Pick<Delivery, 'id' | 'webhookId' | 'outcome' | 'finishedAt'>,
    event: TestEvent,
    attempt: Attempt,
  ): Promise<boolean> {
    const rows: unknown[] = await tx.query(
      `insert into deliveries
              (id, webhook_id, event_id, event_position, event_type, created_at, next_attempt_at, attempts, tries,
               outcome, finished_at)
       select $1, id, $3, $4, $5, $6, $6, 1, 1, $7, $8 from webhooks where id = $2 and deleted_at is null
          for key share
       returning id`,
      [
        delivery.id,
        delivery.webhookId,
        event.eventId,
        event.position,
        event.eventType,
        event.occurredAt,
        delivery.outcome,
        delivery.finishedAt,
      ],
    );
    if (rows.length === 0) return false;
    await tx.insert(Attempt, attempt);
    return true;
  }
}
