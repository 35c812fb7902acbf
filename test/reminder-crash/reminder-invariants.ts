/** A rule that holds for everything that was ever committed; its query finds what breaks it, by id. */
interface Invariant {
  readonly rule: string;
  readonly sql: string;
}

/** How often an event of a type tells of a reminder. */
const told = (type: string) =>
  `(select count(*) from told where told.type = '${type}' and told.reminder = reminders.id::text)`;

/** The last thing that was said, or the closing, before an event of a conversation. */
const LAST_WORD = `
  cross join lateral (
    select before.type from told before
     where before.conversation_id = due.conversation_id and before.position < due.position
       and before.type in ('message.received', 'message.replied', 'conversation.closed')
     order by before.position desc
     limit 1) last_word`;

/** What must be true of reminders and escalations, whatever was killed when; read from rows and outbox alone. */
export const REMINDER_INVARIANTS: readonly Invariant[] = [
  {
    rule: 'a reminder was sent, was cancelled, or is pending: one of them',
    sql: `select id from reminders where num_nonnulls(sent_at, cancelled_at, failed_at) > 1`,
  },
  {
    rule: 'a reminder that was sent was told once, and no other was told as due',
    sql: `select id from reminders where ${told('reminder.due')} <> (sent_at is not null)::int`,
  },
  {
    rule: 'a reminder that was cancelled was told once, and no other was told as cancelled',
    sql: `select id from reminders where ${told('reminder.cancelled')} <> (cancelled_at is not null)::int`,
  },
  {
    rule: 'an event about a reminder has its reminder, in the same conversation',
    sql: `select told.id from told left join reminders on reminders.id::text = told.reminder
           where told.reminder is not null
             and reminders.conversation_id is distinct from told.conversation_id`,
  },
  {
    rule: 'none was sent before it was due',
    sql: 'select id from reminders where sent_at < scheduled_at',
  },
  {
    rule: 'none of a policy was sent after the answer or the closing, unless the client wrote again',
    sql: `select due.id from told due ${LAST_WORD}
           where due.type = 'reminder.due' and due.kind = 'policy' and last_word.type <> 'message.received'`,
  },
  {
    rule: 'none at all was sent after the closing',
    sql: `select due.id from told due ${LAST_WORD}
           where due.type = 'reminder.due' and last_word.type = 'conversation.closed'`,
  },
  {
    rule: 'a level of a chain is sent or to come once',
    sql: `select min(id::text) as id from reminders
           where kind = 'policy' and cancelled_at is null
           group by conversation_id, message_id, level, created_at
          having count(*) > 1`,
  },
  {
    rule: 'one repetition at most is to come',
    sql: `select conversation_id as id from reminders
           where kind = 'policy' and coalesce(sent_at, cancelled_at, failed_at) is null
           group by conversation_id, level having count(*) > 1`,
  },
  {
    rule: 'a conversation that waits has a pending reminder of its policy or is escalated',
    sql: `select id from conversations
           where waiting_since is not null
             and not exists (select from reminders where conversation_id = conversations.id and kind = 'policy'
                                and coalesce(sent_at, cancelled_at, failed_at) is null)
             and not exists (select from escalations
                              where conversation_id = conversations.id and resolved_at is null)`,
  },
  {
    rule: 'a conversation in which nobody waits has no pending reminder of a policy',
    sql: `select reminders.id from reminders join conversations on conversations.id = conversation_id
           where kind = 'policy' and coalesce(sent_at, cancelled_at, failed_at) is null
             and (waiting_since is null or status = 'closed')`,
  },
  {
    rule: 'a closed conversation has no pending reminder and is not escalated',
    sql: `select id from conversations
           where status = 'closed'
             and (exists (select from reminders where conversation_id = conversations.id
                             and coalesce(sent_at, cancelled_at, failed_at) is null)
                  or exists (select from escalations
                              where conversation_id = conversations.id and resolved_at is null))`,
  },
  {
    rule: 'a conversation is escalated once at a time, and each time is told once',
    sql: `select escalations.id from escalations
           where (select count(*) from told
                   where told.type = 'conversation.escalated' and told.escalation = escalations.id::text
                     and told.previous_priority is null) <> 1
              or resolved_at is null and exists (
                   select from escalations other where other.conversation_id = escalations.conversation_id
                      and other.resolved_at is null and other.id <> escalations.id)`,
  },
  {
    rule: 'nobody claims what another has: between two claims there is a release',
    sql: `select claim.id from told claim
           cross join lateral (
             select before.type from told before
              where before.escalation = claim.escalation and before.position < claim.position
                and before.type in ('escalation.claimed', 'escalation.released')
              order by before.position desc
              limit 1) last
           where claim.type = 'escalation.claimed' and last.type = 'escalation.claimed'`,
  },
];

/** The queries read what an event is about from here. */
export const PREPARE_REMINDER_INVARIANTS = `
  create temporary table told as
    select position, id, type, conversation_id, data ->> 'reminderId' as reminder, data ->> 'kind' as kind,
           data ->> 'escalationId' as escalation, data ->> 'previousPriority' as previous_priority
      from events;
  create index on told (reminder);
  create index on told (escalation);
  create index on told (conversation_id, position);
  analyze`;

/** What is not true. */
export async function brokenReminderInvariants(
  query: <T extends object>(sql: string) => Promise<T[]>,
): Promise<string[]> {
  await query(PREPARE_REMINDER_INVARIANTS);
  const faults: string[] = [];
  for (const { rule, sql } of REMINDER_INVARIANTS) {
    const rows = await query<{ id: string }>(sql);
    const some = rows.slice(0, 3).map(({ id }) => id);
    if (rows.length > 0) faults.push(`not true: ${rule} (${rows.length} times: ${some.join(', ')})`);
  }
  return faults;
}
