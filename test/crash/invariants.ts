/** A rule that the database keeps at any moment; its query finds the rows that break it, by id. */
interface Invariant {
  readonly rule: string;
  readonly sql: string;
}

/** How often an event of a type tells of the row whose id is under `field` of its data. */
function toldOf(type: string, field: string, id: string): string {
  return `(select count(*) from told where told.type = '${type}' and told.${field} = ${id}::text)`;
}

/** What must hold between any rows, whatever was killed when: no part of anything without the other parts. */
export const INVARIANTS: readonly Invariant[] = [
  {
    rule: 'an inbound message has its message.received and message.triaged, once each',
    sql: `select id from messages where direction = 'inbound' and not (
            ${toldOf('message.received', 'message', 'messages.id')} = 1
            and ${toldOf('message.triaged', 'message', 'messages.id')} = 1)`,
  },
  {
    rule: 'an outbound message has its message.replied, once',
    sql: `select id from messages
           where direction = 'outbound' and ${toldOf('message.replied', 'message', 'messages.id')} <> 1`,
  },
  {
    rule: 'an event about a message has its message, in the same conversation',
    sql: `select told.id from told left join messages on messages.id::text = told.message
           where told.type like 'message.%'
             and messages.conversation_id is distinct from told.conversation_id`,
  },
  {
    rule: 'an event tells the content that is stored',
    sql: `select events.id from events join messages on messages.id::text = events.data ->> 'messageId'
           where events.type in ('message.received', 'message.replied')
             and events.data ->> 'content' is distinct from messages.content`,
  },
  {
    rule: 'a conversation has its conversation.opened, once, and a conversation.closed if it is closed',
    sql: `select id from conversations
           where ${toldOf('conversation.opened', 'conversation', 'conversations.id')} <> 1
              or ${toldOf('conversation.closed', 'conversation', 'conversations.id')}
                 <> (status = 'closed')::int`,
  },
  {
    rule: 'an event has its conversation',
    sql: `select told.id from told left join conversations on conversations.id = told.conversation_id
           where conversations.id is null`,
  },
  {
    rule: 'a conversation begins with a message of its client',
    sql: `select conversations.id from conversations
           where not exists (select from messages where messages.conversation_id = conversations.id
                                and messages.client_id = conversations.client_id
                                and messages.direction = 'inbound'
                                and messages.created_at = conversations.opened_at)`,
  },
  {
    rule: "a message is in a conversation of its own client's",
    sql: `select messages.id from messages
            left join conversations on conversations.id = messages.conversation_id
            left join clients on clients.id = messages.client_id
           where conversations.client_id is distinct from messages.client_id or clients.id is null`,
  },
  {
    rule: 'a client has exactly one first message, and it is the earliest',
    sql: `select clients.id from clients
           where (select count(*) from messages where client_id = clients.id and is_first) <> 1
              or (select min(created_at) from messages where client_id = clients.id)
                 is distinct from (select created_at from messages where client_id = clients.id and is_first)`,
  },
  {
    rule: "a client's messages are at different moments",
    sql: 'select client_id as id from messages group by client_id, created_at having count(*) > 1',
  },
  {
    rule: 'a client has at most one conversation that is not closed',
    sql: `select client_id as id from conversations where status <> 'closed'
           group by client_id having count(*) > 1`,
  },
  {
    rule: 'a conversation that waits has a pending reminder, and one that does not has none',
    sql: `select conversations.id from conversations
           where (waiting_since is not null) <> exists (
                   select from reminders where reminders.conversation_id = conversations.id
                      and sent_at is null and cancelled_at is null and failed_at is null)`,
  },
  {
    rule: 'a reminder has its conversation, and the message that started it is there',
    sql: `select reminders.id from reminders
            left join conversations on conversations.id = reminders.conversation_id
            left join messages on messages.id = reminders.message_id
           where conversations.id is null
              or reminders.message_id is not null
                 and messages.conversation_id is distinct from reminders.conversation_id`,
  },
  {
    rule: 'a cancelled reminder has its reminder.cancelled, once, and no other has one',
    sql: `select id from reminders
           where ${toldOf('reminder.cancelled', 'reminder', 'reminders.id')} <> (cancelled_at is not null)::int`,
  },
  {
    rule: 'an escalation has its conversation, and its conversation.escalated, once',
    sql: `select escalations.id from escalations
            left join conversations on conversations.id = escalations.conversation_id
           where conversations.id is null
              or ${toldOf('conversation.escalated', 'escalation', 'escalations.id')} <> 1`,
  },
  {
    rule: 'a conversation that waits for an urgent message is escalated, and none is twice or once closed',
    sql: `select conversations.id from conversations
           where (select count(*) from escalations
                   where escalations.conversation_id = conversations.id and resolved_at is null)
                 not between exists (select from messages
                                      where messages.conversation_id = conversations.id
                                        and messages.priority = 'urgent' and direction = 'inbound'
                                        and messages.created_at >= waiting_since)::int
                         and (status <> 'closed')::int`,
  },
  {
    rule: 'the reminders that a sender was told of are there, as told',
    sql: `select messages.id from messages
           cross join lateral json_to_recordset(messages.answered_reminders)
                   as answered (id uuid, "scheduledAt" timestamptz, level int)
            left join reminders on reminders.id = answered.id
           where reminders.scheduled_at is distinct from answered."scheduledAt"
              or reminders.level is distinct from answered.level
              or reminders.conversation_id is distinct from messages.conversation_id`,
  },
  {
    rule: 'an idempotency key has its message, and a message at most one key',
    sql: `select record.message_id as id from idempotency_records record
            left join messages on messages.id = record.message_id
           group by record.message_id having count(*) > 1 or count(messages.id) = 0`,
  },
  {
    rule: 'the same content is stored once',
    sql: 'select min(id::text) as id from messages group by content having count(*) > 1',
  },
];

/** The queries read what an event is about from here: built once, it spares them parsing JSON again and again. */
export const PREPARE_INVARIANTS = `
  create temporary table told as
    select id, type, conversation_id, data ->> 'messageId' as message, data ->> 'reminderId' as reminder, data ->> 'escalationId' as escalation,
           data ->> 'conversationId' as conversation
      from events;
  create index on told (message);
  create index on told (reminder);
  create index on told (escalation);
  create index on told (conversation, type);
  analyze`;
