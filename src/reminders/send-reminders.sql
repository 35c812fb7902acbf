-- What becomes of a batch of claimed reminders, all of it in the one transaction of this call: the team is told, the
-- next repetition is planned, the conversation is escalated. All of it is decided here, behind the clients' locks,
-- because the client may have been answered since the claim.
--
-- For each reminder the batch says what its policy wants, for the priority that the conversation had at the claim.
-- Where it has another one by now, nothing is done and the new priority is given back, to be planned again.
-- The types are this version's own: a later migration may add columns to the tables while this one still runs.
create type __name___decision as (
  reminder_id uuid, conversation_id uuid, client_id text, message_id uuid, kind reminder_kind, level integer,
  priority priority, note text, scheduled_at timestamptz, waiting_since timestamptz, at timestamptz,
  cancel_reason text, repeat_at timestamptz, escalates boolean);

create type __name___chain as (
  conversation_id uuid, message_id uuid, level integer, next_level integer, priority priority,
  at timestamptz, repeat_at timestamptz, escalates boolean);

create function __name__(batch json, sent_at timestamptz, trace_id text)
returns table (
  id       uuid,       -- null in the last row; a reminder that is missing belongs to another worker, or to nobody
  outcome  text,       -- sent, cancelled or reprioritised
  priority priority,   -- the one that a reprioritised conversation has now
  next_at  timestamptz -- of the first repetition that this call planned, in the last row
)
language plpgsql
-- As for the claim: one good way, whatever the statistics say. Conditions that an index of what is pending, or of a
-- status, would fit are written so that it does not: with old statistics it looks short, and is read to its end.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  decisions __name___decision[];
  chains    __name___chain[];
begin
  -- 1. The clients are locked, in the order in which ingest locks them: by the bytes of their ids. From here on,
  --    everything about them stands still.
  perform
     from clients client
    where client.id = any (array(select item.client_id from json_to_recordset(batch) as item (client_id text)))
    order by client.id collate "C"
      for no key update;

  -- 2. Each reminder is decided by the state of its conversation. The token has changed where another worker took
  --    over: then this one has nothing to say any more.
  with decided as (
    update reminders reminder
       set sent_at       = case when fate.cancel_reason is null then fate.at end,
           cancelled_at  = case when fate.cancel_reason is not null then fate.at end,
           cancel_reason = fate.cancel_reason,
           leased_until  = null,
           attempts      = reminder.attempts + 1,
           failure       = null
      from (
        select item.id, item.lease_token, item.repeat_at, item.escalates, conversation.id as conversation_id,
               conversation.client_id, conversation.priority, conversation.waiting_since,
               -- the client's clock: nothing about it happens before what has happened
               greatest(__name__.sent_at, client.last_seen_at) as at,
               case when conversation.status = 'closed' then 'closed'
                    when item.kind = 'policy' and conversation.waiting_since is null then 'answered'
                end as cancel_reason
          from json_to_recordset(batch) as item (
                 id uuid, lease_token integer, kind reminder_kind, conversation_id uuid, priority priority,
                 repeat_at timestamptz, escalates boolean)
          join conversations conversation
            on conversation.id = item.conversation_id and conversation.priority = item.priority
          join clients client on client.id = conversation.client_id
      ) fate
     where reminder.id = fate.id
       and reminder.lease_token = fate.lease_token
       and coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null
    returning reminder.id, reminder.conversation_id, fate.client_id, reminder.message_id, reminder.kind,
              reminder.level, fate.priority, reminder.note, reminder.scheduled_at, fate.waiting_since, fate.at,
              fate.cancel_reason, fate.repeat_at, fate.escalates
  )
  select array_agg(decided::__name___decision order by decided.scheduled_at, decided.level, decided.id)
    into decisions
    from decided;

  insert into events (id, type, conversation_id, trace_id, occurred_at, data)
  select uuid_v7(decision.at),
         case when decision.cancel_reason is null then 'reminder.due' else 'reminder.cancelled' end,
         decision.conversation_id, __name__.trace_id, decision.at,
         case when decision.cancel_reason is null then json_build_object(
           'reminderId', decision.reminder_id, 'conversationId', decision.conversation_id,
           'clientId', decision.client_id, 'kind', decision.kind, 'level', decision.level,
           'priority', decision.priority, 'note', decision.note, 'scheduledAt', iso8601(decision.scheduled_at),
           'sentAt', iso8601(decision.at), 'waitingSince', iso8601(decision.waiting_since))
         else json_build_object(
           'reminderId', decision.reminder_id, 'conversationId', decision.conversation_id,
           'clientId', decision.client_id, 'level', decision.level,
           'scheduledAt', iso8601(decision.scheduled_at), 'reason', decision.cancel_reason)
         end
    from unnest(decisions) as decision;

  -- 3. Once the last pending reminder of a policy was sent, the next one is planned: one for all that were sent of
  --    the conversation, counted from the latest. A policy that ends without having escalated hands the
  --    conversation to the queue: as long as the client waits, something is to come.
  select array_agg(row(
           sent.conversation_id, sent.message_id, sent.level, chain.next_level, sent.priority,
           sent.at, case when chain.is_over then sent.repeat_at end,
           sent.escalates or (chain.is_over and sent.repeat_at is null))::__name___chain)
    into chains
    from (
      select decision.conversation_id, decision.priority, decision.at, decision.waiting_since,
             max(decision.level) as level, max(decision.repeat_at) as repeat_at,
             bool_or(decision.escalates) as escalates,
             (array_agg(decision.message_id order by decision.scheduled_at desc))[1] as message_id
        from unnest(decisions) as decision
       where decision.kind = 'policy' and decision.cancel_reason is null
       group by decision.conversation_id, decision.priority, decision.at, decision.waiting_since
    ) sent
   cross join lateral (
      select not bool_or(
               reminder.sent_at is null and reminder.cancelled_at is null and reminder.failed_at is null) as is_over,
             max(reminder.level) filter (
               where reminder.sent_at >= sent.waiting_since
                 and reminder.message_id is not distinct from sent.message_id) + 1 as next_level
        from reminders reminder
       where reminder.conversation_id = sent.conversation_id
         and reminder.kind = 'policy'
    ) chain;

  insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at)
  select uuid_v7(chain.at), chain.conversation_id, chain.message_id, 'policy', chain.next_level, chain.priority,
         chain.repeat_at, chain.at
    from unnest(chains) as chain
   where chain.repeat_at is not null;

  with escalated as (
    insert into escalations as escalation (id, conversation_id, priority, reason, level, created_at)
    select uuid_v7(chain.at), chain.conversation_id, chain.priority, 'policy', chain.level, chain.at
      from unnest(chains) as chain
     where chain.escalates
    on conflict (conversation_id) where resolved_at is null do nothing
    returning escalation.id, escalation.conversation_id, escalation.priority, escalation.level, escalation.created_at
  ), opened as (
    update conversations conversation
       set status = 'open'
      from escalated
     where conversation.id = escalated.conversation_id
       and conversation.status <> 'open'
  )
  insert into events (id, type, conversation_id, trace_id, occurred_at, data)
  select uuid_v7(escalated.created_at), 'conversation.escalated', escalated.conversation_id, __name__.trace_id,
         escalated.created_at, json_build_object(
           'escalationId', escalated.id, 'conversationId', escalated.conversation_id,
           'clientId', (select conversation.client_id
                          from conversations conversation where conversation.id = escalated.conversation_id),
           'priority', escalated.priority, 'previousPriority', null, 'reason', 'policy',
           'level', escalated.level, 'note', null, 'escalatedAt', iso8601(escalated.created_at))
    from escalated;

  return query
  select decision.reminder_id, case when decision.cancel_reason is null then 'sent' else 'cancelled' end,
         null::priority, null::timestamptz
    from unnest(decisions) as decision;

  if coalesce(cardinality(decisions), 0) < json_array_length(batch) then
    return query
    select reminder.id, 'reprioritised', conversation.priority, null::timestamptz
      from json_to_recordset(batch) as item (id uuid, lease_token integer, priority priority)
      join reminders reminder on reminder.id = item.id and reminder.lease_token = item.lease_token
      join conversations conversation on conversation.id = reminder.conversation_id
     where coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null
       and conversation.priority <> item.priority;
  end if;

  return query
  select null::uuid, null::text, null::priority, min(chain.repeat_at) from unnest(chains) as chain;
end
$$;
