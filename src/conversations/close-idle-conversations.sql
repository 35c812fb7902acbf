-- Closes conversations of one priority in which nobody waits and nothing was said for long: a batch of them, the
-- longest idle first, in the one transaction of this call.
--
-- A client in the middle of something is passed over, and comes with a later run: a message in the same instant wins.
-- What is escalated, or what somebody wants to be reminded of, stays open however long it is idle; the caller goes on
-- behind the last row that was looked at, so that such conversations hide no others.
create function __name__(
  at timestamptz, wanted priority, idle_before timestamptz, after_activity timestamptz, after_id uuid,
  batch_size integer, trace_id text)
returns table (
  seen          integer, -- less than batch_size: there are no more
  busy          integer, -- of clients in the middle of something
  closed        integer,
  last_activity timestamptz,
  last_id       uuid
)
language plpgsql
-- Plans are made once a connection, maybe while a table is still empty, and must suit a large one.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  candidates uuid[];
  clients_of text[];
  locked     text[];
begin
  select array_agg(idle.id), array_agg(idle.client_id), count(*),
         (array_agg(idle.last_activity_at order by idle.last_activity_at desc, idle.id desc))[1],
         (array_agg(idle.id order by idle.last_activity_at desc, idle.id desc))[1]
    into candidates, clients_of, seen, last_activity, last_id
    from (
      select conversation.id, conversation.client_id, conversation.last_activity_at
        from conversations conversation
       where conversation.status <> 'closed' and conversation.waiting_since is null
         and conversation.priority = wanted
         and conversation.last_activity_at <= idle_before
         and (conversation.last_activity_at, conversation.id) > (after_activity, after_id)
       order by conversation.last_activity_at, conversation.id
       limit batch_size
    ) idle;

  -- The clients are locked in the order in which ingest locks them: by the bytes of their ids.
  select array_agg(free.id)
    into locked
    from (
      select client.id
        from clients client
       where client.id = any (clients_of)
       order by client.id collate "C"
         for no key update skip locked
    ) free;
  busy := seen - coalesce(cardinality(locked), 0);

  -- They stand still now: whether they are idle is looked at again. The client's clock moves on to the closing.
  with idle as (
    select conversation.id, conversation.client_id,
           greatest(__name__.at, client.last_seen_at + interval '1 millisecond') as at
      from unnest(candidates) as candidate (id)
      join conversations conversation on conversation.id = candidate.id
      join clients client on client.id = conversation.client_id
     where client.id = any (locked)
       -- open, and nobody waits: said so that no plan reads the index of idle conversations from its beginning again
       and coalesce(conversation.closed_at, conversation.waiting_since) is null
       and conversation.priority = wanted
       and conversation.last_activity_at <= idle_before
       and not exists (
             select from escalations escalation
              where escalation.conversation_id = conversation.id and escalation.resolved_at is null)
       and not exists (
             select from reminders reminder
              where reminder.conversation_id = conversation.id and reminder.kind = 'manual'
                and coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null)
  ), ended as (
    update conversations conversation
       set status = 'closed', closed_at = idle.at, close_reason = 'idle', last_activity_at = idle.at
      from idle
     where conversation.id = idle.id
    returning idle.id, idle.client_id, idle.at
  ), ticked as (
    update clients client
       set last_seen_at = ended.at
      from ended
     where client.id = ended.client_id
  ), cancelled as (
    update reminders reminder
       set cancelled_at = ended.at, cancel_reason = 'closed'
      from ended
     where reminder.conversation_id = ended.id
       and coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null
    returning reminder.id, ended.id as conversation_id, ended.client_id, reminder.level, reminder.scheduled_at, ended.at
  ), told as (
    insert into events (id, type, conversation_id, trace_id, occurred_at, data)
    select uuid_v7(ended.at), 'conversation.closed', ended.id, __name__.trace_id, ended.at, json_build_object(
             'conversationId', ended.id, 'clientId', ended.client_id, 'reason', 'idle',
             'closedAt', iso8601(ended.at))
      from ended
     union all
    select uuid_v7(cancelled.at), 'reminder.cancelled', cancelled.conversation_id, __name__.trace_id, cancelled.at,
           json_build_object(
             'reminderId', cancelled.id, 'conversationId', cancelled.conversation_id,
             'clientId', cancelled.client_id, 'level', cancelled.level,
             'scheduledAt', iso8601(cancelled.scheduled_at), 'reason', 'closed')
      from cancelled
  )
  select count(*) into closed from ended;
  return next;
end
$$;
