import { randomUUID } from 'node:crypto';
import type { TestDatabase } from './test-database.js';

interface NewWebhook {
  readonly eventTypes?: readonly string[];
  readonly ordered?: boolean;
  readonly enabled?: boolean;
}

interface NewEvent {
  readonly at: string;
  readonly type?: string;
  readonly conversationId?: string;
  /** JSON, kept as it is. */
  readonly data?: string;
  /** Whether deliveries of it were made, or would have been, where nobody subscribed. */
  readonly isFannedOut?: boolean;
}

interface NewDelivery {
  readonly outcome?: 'delivered' | 'failed' | 'dead';
  readonly createdAt?: string;
  readonly nextAttemptAt?: string;
  readonly finishedAt?: string;
  readonly leasedUntil?: string;
  readonly attempts?: number;
  readonly isOrdered?: boolean;
}

/** A delivery as it is stored. */
export interface StoredDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly outcome: string | null;
  readonly nextAttemptAt: Date | number;
  readonly tries: number;
  readonly attempts: number;
  readonly leasedUntil: Date | null;
  readonly finishedAt: Date | null;
}

/** Makes an endpoint to which nothing is sent: it has a pause that does not end. */
export async function makeWebhook(
  database: TestDatabase,
  { eventTypes, ordered = false, enabled = true }: NewWebhook = {},
): Promise<string> {
  const id = randomUUID();
  await database.query(
    `with made as (
       insert into webhooks (id, url, event_types, ordered, enabled, created_at, updated_at)
       values ($1, 'https://shop.example.com/otklik', $2, $3, $4, '2026-11-21T08:00:00Z', '2026-11-21T08:00:00Z'))
     insert into webhook_states (webhook_id, blocked_until) values ($1, 'infinity')`,
    [id, eventTypes ?? null, ordered, enabled],
  );
  return id;
}

/** Writes an event into the outbox as if it had happened then. */
export async function makeEvent(
  database: TestDatabase,
  { at, type = 'message.received', conversationId, data = '{}', isFannedOut = true }: NewEvent,
): Promise<string> {
  // At once, so that no fan-out comes between.
  const [event] = await database.query<{ id: string }>(
    `with made as (
       insert into events (id, type, conversation_id, occurred_at, data)
       values (uuid_v7($1), $2, $3, $1, $4) returning id, position
     ), fanned_out as (
       update event_fan_out set position = made.position from made where $5)
     select id from made`,
    [at, type, conversationId ?? null, data, isFannedOut],
  );
  if (!event) throw new Error('The event was not made.');
  return event.id;
}

/** Makes a delivery of an event; it is pending, unless it has an outcome. */
export async function makeDelivery(
  database: TestDatabase,
  webhookId: string,
  eventId: string,
  delivery: NewDelivery = {},
): Promise<string> {
  const [made] = await database.query<{ id: string }>(
    `insert into deliveries
            (id, webhook_id, event_id, event_position, event_type, ordered_by, created_at, next_attempt_at, attempts,
             tries, leased_until, outcome, finished_at)
     select uuid_v7(created_at), $1, id, position, type, case when $3 then conversation_id end, created_at,
            coalesce($5::timestamptz, created_at), $6, $6, $7, $8::delivery_outcome,
            case when $8 is not null then coalesce($9::timestamptz, created_at) end
       from events, lateral (select coalesce($4::timestamptz, occurred_at) as created_at) made
      where id = $2
     returning id`,
    [
      webhookId,
      eventId,
      delivery.isOrdered ?? false,
      delivery.createdAt,
      delivery.nextAttemptAt,
      delivery.attempts ?? (delivery.outcome ? 1 : 0),
      delivery.leasedUntil,
      delivery.outcome,
      delivery.finishedAt,
    ],
  );
  if (!made) throw new Error('The delivery was not made.');
  return made.id;
}

/** Makes attempts of a delivery, one a second, which all were answered with the status. */
export async function makeAttempts(
  database: TestDatabase,
  deliveryId: string,
  count: number,
  status = 500,
): Promise<void> {
  await database.query(
    `insert into attempts
            (delivery_id, number, started_at, duration_ms, address, request_headers, status, response_headers,
             body_excerpt, error_class, error)
     select $1, number, timestamptz '2026-11-21T09:00:00Z' + number * interval '1 second', 42, '203.0.113.7',
            '{"webhook-id":"1"}', $3, '{"content-type":"text/plain"}', 'no',
            case when $3 >= 300 then 'http_status' end, case when $3 >= 300 then 'It answered 500.' end
       from generate_series(1, $2::integer) number`,
    [deliveryId, count, status],
  );
}

/** The deliveries of an endpoint, in the order of their events. */
export function deliveriesOf(database: TestDatabase, webhookId: string): Promise<StoredDelivery[]> {
  return database.query<StoredDelivery>(
    `select id, event_id as "eventId", outcome, next_attempt_at as "nextAttemptAt", tries, attempts,
            leased_until as "leasedUntil", finished_at as "finishedAt"
       from deliveries where webhook_id = $1 order by event_position`,
    [webhookId],
  );
}
