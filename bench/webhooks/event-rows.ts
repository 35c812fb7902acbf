import { randomUUID } from 'node:crypto';
import { EVENT_CATALOGUE } from '../../src/events/event-catalogue.js';

export const EVENT_TYPE = 'message.received';

/** What an event tells: the catalogue's example, about a message of its own. */
export function eventData(number: number): string {
  const { example } = EVENT_CATALOGUE[EVENT_TYPE];
  return JSON.stringify({ ...example, messageId: randomUUID(), clientId: `shop-${number}` });
}

/** Events with the data in $1. */
export const MAKE_EVENTS = `
  insert into events (id, type, conversation_id, trace_id, occurred_at, data)
  select uuid_v7(now()), '${EVENT_TYPE}', gen_random_uuid(), md5(random()::text), now(), data::json
    from unnest($1::text[]) data`;

/** All that belongs to endpoints goes, and no event is left to be told. */
export const FORGET_ENDPOINTS = `
  truncate attempts, deliveries, webhook_replays, webhook_secrets, webhook_states, webhooks;
  update event_fan_out set position = (select coalesce(max(position), 0) from events)`;

/** Whether all events are told to all endpoints in $1. */
export const ARE_DELIVERED = `
  select (select position from event_fan_out) >= (select coalesce(max(position), 0) from events)
     and not exists (
       select from unnest($1::uuid[]) endpoint (id)
         join deliveries on deliveries.webhook_id = endpoint.id and outcome is null) as done`;

/** What became of the deliveries to the endpoints in $1. */
export const FATE_OF_DELIVERIES = `
  select count(*)::integer as made,
         (count(*) filter (where outcome = 'delivered'))::integer as delivered,
         (select count(*)::integer from attempts
            join deliveries on deliveries.id = attempts.delivery_id
           where webhook_id = any ($1::uuid[])) as attempts
    from deliveries where webhook_id = any ($1::uuid[])`;
