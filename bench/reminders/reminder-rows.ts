/** Planned reminders of a message: those of the policy for `low`, which repeats and does not escalate. */
const LEVELS = 3;
const PRIORITY = 'low';

/** Of that policy: the repetition that follows the last planned reminder, as PostgreSQL reads it. */
export const REPEAT_EVERY = '72 hours';

/** The tables that such reminders are made in. */
export const TABLES = ['clients', 'conversations', 'reminders'];

/** Which reminders a measurement is about. Otklik knows nothing of this table. */
export const DUE_TABLE = `
create table due_reminders (
  id uuid primary key,
  due_at timestamptz not null
)`;

/** Rows are made so that every reference holds: checking each would take as long as making it. */
export const FILL_SESSION = `
  set session_replication_role = replica;
  set synchronous_commit = off;
  set work_mem = '256MB';
  set maintenance_work_mem = '256MB'`;

/**
 * Conversations that wait for the team, with so many reminders to come: three each, the first in two hours, the last
 * in a month. One statement for each table.
 */
export function pendingReminders(count: number): readonly string[] {
  const conversations = Math.ceil(count / LEVELS);
  return [
    `create unlogged table pending as
       select number, 'pending-' || number as client_id, uuid_v7(now()) as conversation_id, uuid_v7(now()) as message_id,
              now() + interval '2 hours' + number * interval '26 days' / ${conversations} as first_at
         from generate_series(0, ${conversations - 1}) number`,
    `insert into clients (id, first_seen_at, last_seen_at) select client_id, now(), now() from pending`,
    `insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since)
     select conversation_id, client_id, 'pending', '${PRIORITY}', 'api', now(), now(), now() from pending`,
    `insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at)
     select uuid_v7(now()), conversation_id, message_id, 'policy', level, '${PRIORITY}',
            first_at + (array['0', '20 hours', '68 hours'])[level]::interval, now()
       from (select pending.*, level, row_number() over (order by number, level) as place
               from pending, generate_series(1, ${LEVELS}) level) planned
      where place <= ${count}`,
    'drop table pending',
  ];
}

/**
 * Conversations whose last planned reminder is due at the times in $1, so that the next repetition is still to be
 * planned; the first two were sent. $2 keeps their clients apart from those of other rounds.
 */
export const MAKE_DUE = `
  with due as materialized (
    select 'due-' || $2::text || '-' || number as client_id, at, at - interval '${REPEAT_EVERY}' as opened_at,
           uuid_v7(at - interval '${REPEAT_EVERY}') as conversation_id,
           uuid_v7(at - interval '${REPEAT_EVERY}') as message_id,
           uuid_v7(at - interval '${REPEAT_EVERY}') as reminder_id
      from unnest($1::timestamptz[]) with ordinality times (at, number)
  ), made_clients as (
    insert into clients (id, first_seen_at, last_seen_at) select client_id, opened_at, opened_at from due
  ), made_conversations as (
    insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since)
    select conversation_id, client_id, 'pending', '${PRIORITY}', 'api', opened_at, opened_at, opened_at from due
  ), made_reminders as (
    insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at, sent_at)
    select case when level = ${LEVELS} then reminder_id else uuid_v7(opened_at) end, conversation_id, message_id,
           'policy', level, '${PRIORITY}', its.at, opened_at, case when level < ${LEVELS} then its.at end
      from due, generate_series(1, ${LEVELS}) level,
           lateral (select opened_at + (array['4 hours', '24 hours', '${REPEAT_EVERY}'])[level]::interval as at) its
     order by its.at
  )
  insert into due_reminders (id, due_at) select reminder_id, at from due`;

/**
 * What became of those that were due: $1 is the position of the last event before. Each has to be sent, told once,
 * and followed by one repetition.
 */
export const FATE_OF_DUE = `
  select count(*)::integer as due,
         count(*) filter (where sent_at is not null)::integer as sent,
         (select count(*)::integer from told) as told,
         (select count(distinct id)::integer from told) as "toldOnce",
         count(*) filter (where (
           select count(*) from reminders repetition
            where repetition.conversation_id = reminder.conversation_id
              and repetition.level = reminder.level + 1
              and coalesce(repetition.sent_at, repetition.cancelled_at, repetition.failed_at) is null) = 1
         )::integer as repeated
    from due_reminders join reminders reminder using (id)`;

/** Goes before {@link FATE_OF_DUE}. */
export const TOLD_OF_DUE = `
  with told as (
    select due_reminders.id
      from events join due_reminders on due_reminders.id = (events.data ->> 'reminderId')::uuid
     where events.position > $1 and events.type = 'reminder.due')`;

/** Of the whole database, whoever made them due: those that a worker has sent, and what was told. */
export const SENT_AND_TOLD = `
  select (select count(*)::integer from reminders where sent_at is not null and lease_token > 0) as sent,
         (select count(*)::integer from events where type = 'reminder.due') as told`;
