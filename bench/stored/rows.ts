import { CONVERSATIONS_AT_ONCE, MESSAGES_PER_CONVERSATION, type Shape } from './shape.js';

/**
 * The rows of a full database, made by PostgreSQL itself. Message n of N came in at its place in the year before
 * `end`; conversation c and everything in it follow from its number. Ids are the product's own UUIDv7.
 */
export class StoredRows {
  constructor(
    private readonly shape: Shape,
    private readonly end: Date,
  ) {}

  /** All clients. The clock of each stands at its last message. */
  clients(): string {
    const { clients, regulars, conversations } = this.shape;
    return `
      insert into clients (id, name, email, language, timezone, first_seen_at, last_seen_at)
      select 'shop-' || number + 1, 'Customer ' || number + 1, 'customer' || number + 1 || '@shop.example',
             case when number % 3 = 0 then 'ru' else 'en' end, 'Europe/Riga',
             ${this.at(firstMessage('first'))}, ${this.at(`${firstMessage('last')} + ${LAST_IN_CONVERSATION}`)}
        from generate_series(0, ${clients - 1}) number,
             lateral (select number < ${regulars} as is_regular, number - ${regulars} as other) who,
             lateral (select case when is_regular then number / 2 * 5 + number % 2
                                  else other / 3 * 5 + other % 3 + 2 end as first) its,
             lateral (select first + (${conversations - 1} - first) / stride * stride as last
                        from (select ${this.stride('is_regular')} as stride) steps) and_its`;
  }

  /**
   * Conversations $1 to $2 with all that belongs to them. One of seven clients has an active conversation, half of
   * these wait for the team and stand in the escalation queue; of the closed ones, the urgent were escalated. An event
   * for each conversation stands for the five or more that there would be, and every fourth conversation has an
   * idempotency key that still counts.
   */
  conversations(): string {
    const { regulars, clients, conversations } = this.shape;
    const end = `timestamptz '${this.end.toISOString()}'`;
    return `
      with numbered as (
        select c, ${firstMessage('c')} as n, c % 5 < 2 as is_regular,
               'shop-' || 1 + case when c % 5 < 2 then (c / 5 * 2 + c % 5) % ${regulars}
                                   else ${regulars} + (c / 5 * 3 + c % 5 - 2) % ${clients - regulars} end as client_id
          from generate_series($1::bigint, $2::bigint) c
      ), placed as (
        select c, n, client_id, ${this.at('n')} as opened_at, ${this.at(`n + ${LAST_IN_CONVERSATION}`)} as last_at,
               c < ${this.stride('is_regular')} as is_first,
               c % 7 = 0 and c + ${this.stride('is_regular')} >= ${conversations} as is_active
          from numbered
      ), conversation as materialized (
        select *, uuid_v7(opened_at) as id, uuid_v7(opened_at) as message_id, ${PRIORITY} as priority,
               uuid_v7(opened_at) as reminder_1, uuid_v7(opened_at) as reminder_2,
               is_active and c % 14 = 0 as is_waiting,
               case when is_active and c % 14 = 0 then ${end} + interval '30 days' + c % 1000 * interval '1 minute'
                    else opened_at + interval '1 hour' end as second_due_at
          from placed
      ), stored_conversations as (
        insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at,
                                   waiting_since, closed_at, close_reason)
        select id, client_id, case when is_active then 'open' else 'closed' end::conversation_status, priority, 'api',
               opened_at, last_at,
               case when is_waiting then ${this.at(`n + ${2 * CONVERSATIONS_AT_ONCE}`)} end,
               case when not is_active then last_at end,
               case when not is_active then 'solved' end
          from conversation
      ), message as (
        select conversation.*, k, n + k * ${CONVERSATIONS_AT_ONCE} as number,
               ${this.at(`n + k * ${CONVERSATIONS_AT_ONCE}`)} as at,
               k in (0, 2, 3) or k = 4 and is_waiting as is_inbound
          from conversation, generate_series(0, ${MESSAGES_PER_CONVERSATION - 1}) k
      ), stored_messages as (
        insert into messages (id, client_id, conversation_id, direction, author, operator_id, content, channel, priority,
                              category, triage, is_first, metadata, answered_reminders, sent_at, created_at)
        select case k when 0 then message_id else uuid_v7(at) end, client_id, id,
               case when is_inbound then 'inbound' else 'outbound' end::message_direction,
               case when is_inbound then 'client' when k = 1 then 'operator' else 'assistant' end::message_author,
               case when k = 1 then 'maria' end, content || ' (A-' || message.number || ')', 'api',
               case when k = 0 then priority when is_inbound then ${PRIORITY} end,
               case when is_inbound then ${CATEGORY} end,
               case when is_inbound then ${TRIAGE} end,
               is_first and k = 0,
               case when is_inbound then format('{"order":"A-%s","page":"/checkout"}', message.number)
                    else '{}' end::json,
               case when is_inbound then json_build_array(
                 json_build_object('id', reminder_1, 'level', 1,
                                   'scheduledAt', iso8601(opened_at + interval '15 minutes')),
                 json_build_object('id', reminder_2, 'level', 2, 'scheduledAt', iso8601(second_due_at))) end,
               at, at
          from message join stored_text text on text.number = message.number * 7919 % ${TEXTS} + 1
         order by message.number
        returning id, client_id, conversation_id, content, channel, metadata, is_first, created_at
      ), stored_events as (
        insert into events (id, type, conversation_id, occurred_at, data)
        select uuid_v7(created_at), 'message.received', conversation_id, created_at, json_build_object(
                 'messageId', stored.id, 'conversationId', conversation_id, 'clientId', stored.client_id,
                 'content', content, 'channel', channel, 'isFirstMessage', stored.is_first, 'metadata', metadata,
                 'timestamp', iso8601(created_at), 'createdAt', iso8601(created_at))
          from stored_messages stored join conversation on conversation.message_id = stored.id
         order by created_at
      ), stored_reminders as (
        insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at,
                               sent_at, cancelled_at, cancel_reason)
        select reminder_1, id, message_id, 'policy'::reminder_kind, 1, priority, opened_at + interval '15 minutes',
               opened_at,
               case when sent then opened_at + interval '15 minutes' end,
               case when not sent then opened_at + interval '9 minutes' end, case when not sent then 'replied' end
          from (select *, is_waiting or c % 3 = 0 as sent from conversation) first
        union all
        select reminder_2, id, message_id, 'policy', 2, priority, second_due_at, opened_at, null,
               case when not is_waiting then opened_at + interval '20 minutes' end,
               case when not is_waiting then 'replied' end
          from conversation
      ), stored_escalations as (
        insert into escalations (id, conversation_id, priority, reason, level, created_at, resolved_at, resolution)
        select uuid_v7(at), id, priority,
               case when priority = 'urgent' then 'triage' else 'policy' end::escalation_reason,
               case when priority <> 'urgent' then 1 end, at,
               case when not is_active then last_at end, case when not is_active then 'closed' end
          from (select *, opened_at + case when priority = 'urgent' then '0' else '15 minutes' end::interval as at
                  from conversation) escalated
         where is_waiting or not is_active and priority = 'urgent'
      )
      insert into idempotency_records (owner_id, key, request_hash, message_id, created_at, expires_at)
      select '${OWNER}', gen_random_uuid()::text, encode(sha256(message_id::text::bytea), 'hex'), message_id,
             ${end} - c % 72000 * interval '1 second', ${end} + interval '1 day' - c % 72000 * interval '1 second'
        from conversation
       where c % 4 = 0`;
  }

  private stride(isRegular: string): string {
    return `case when ${isRegular} then ${this.shape.regularStride} else ${this.shape.otherStride} end`;
  }

  /** When message number `n` came in, to the millisecond, as its id says it too. */
  private at(n: string): string {
    const seconds = (365 * 86_400) / this.shape.messages;
    const ago = `(${this.shape.messages} - (${n})) * interval '${seconds} seconds'`;
    return `date_trunc('milliseconds', timestamptz '${this.end.toISOString()}' - ${ago})`;
  }
}

/** How many different texts the table `stored_text` holds; each message adds an order number of its own. */
export const TEXTS = 2000;

/** Whose idempotency keys they are. */
const OWNER = '00000000-0000-7000-8000-000000000000';
const LAST_IN_CONVERSATION = (MESSAGES_PER_CONVERSATION - 1) * CONVERSATIONS_AT_ONCE;

const CATEGORIES = [
  ...['lost_or_stolen_card', 'card_payment_fee_charged', 'transfer_not_received_by_recipient', 'delivery'],
  ...['refund_not_showing_up', 'login', 'order_status', 'cancel_subscription', 'invoice', 'bug_report'],
];

const PRIORITY =
  '(enum_range(null::priority))[1 + width_bucket(random(), array[0.3, 0.7, 0.9]::double precision[])]';

/** One of eleven is unknown. */
const CATEGORY = `('{${CATEGORIES.join()}}'::text[])[1 + floor(random() * ${CATEGORIES.length + 1})::integer]`;

const TRIAGE = `format('{"source":"offline","confidence":%s,"status":"done"}', round((0.5 + random() / 2)::numeric, 2))::json`;

/** The number of a conversation's first message. */
function firstMessage(conversation: string): string {
  const group = CONVERSATIONS_AT_ONCE * MESSAGES_PER_CONVERSATION;
  return `(${conversation} / ${CONVERSATIONS_AT_ONCE} * ${group} + ${conversation} % ${CONVERSATIONS_AT_ONCE})`;
}
