-- Counts new events, in the order of their positions, and what left a tally instead: a batch of each, in the one
-- transaction of this call, together with how far it came. So nothing is counted twice or missed, whenever it is cut off.
-- One at a time does so, in the whole installation; where another one is at it, there is no row.
--
-- It stops before a number that is missing, for that event may be committed later.
create function __name__(
  batch_size integer,
  decided    bigint,           -- what is missing up to here will never come
  growth     double precision  -- from one bucket of durations to the next
)
returns table (
  events  integer, -- that were passed
  tallies integer,
  missing bigint,  -- the number it stopped before; null: there was none
  seen    bigint   -- the highest position that was there then
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  head     bigint;
  base     bigint;
  last     bigint;
  new_head bigint;
  read     integer;
begin
  select position into head from statistics_follower for update skip locked;
  if not found then return; end if;

  base := greatest(head, __name__.decided);
  select count(*),
         count(*) filter (where is_next),
         max(position) filter (where is_next),
         max(position)
    into read, events, last, seen
    from (
      select position, position <= base
             or position = base + count(*) filter (where position > base) over (order by position) as is_next
        from (
          select position from events event
           where position > head
           order by position
           limit batch_size) batch
    ) numbered;
  if events < read then
    missing := greatest(base, last) + 1;
  else
    seen := null;
  end if;
  -- Numbers up to the decided one that are not there are passed, unless there was no room to see that.
  new_head := greatest(head, last, case when read < batch_size or missing is not null then base end);

  with taken as (
    delete from statistics_tallies tally
     where tally.id = any (array(
             select waiting.id from statistics_tallies waiting
              order by waiting.id
              limit batch_size
                for update skip locked))
    returning tally.at, tally.measure, tally.label, tally.amount
  ), counted as (
    insert into statistics_hours as hours (hour, measure, label, amount)
    select date_trunc('hour', taken.at, 'UTC'), taken.measure, taken.label, sum(taken.amount)
      from taken
     group by 1, 2, 3
    on conflict (hour, measure, label) do update set amount = hours.amount + excluded.amount
  )
  select count(*) into tallies from taken;

  if events > 0 then
    with event as materialized (
      select event.position, event.type, event.conversation_id, event.occurred_at as at, field.*
        from events event
       cross join lateral json_to_record(event.data) as field (
               channel text, author text, priority text, category text, reason text, kind text,
               "previousPriority" text)
       where event.position > head and event.position <= last and event.conversation_id is not null
    ),
    -- What changes how a conversation stands, with how it stood before this batch.
    story as materialized (
      select event.position, event.type, event.conversation_id, event.at, state.opened_at, state.waiting,
             state.replied, state.escalated_at, state.claimed
        from event
        left join statistics_conversations state on state.conversation_id = event.conversation_id
       where event.type in ('conversation.opened', 'message.received', 'message.replied', 'conversation.closed',
                            'escalation.claimed')
          -- One that is escalated already only becomes more or less urgent.
          or event.type = 'conversation.escalated' and event."previousPriority" is null
    ),
    fate as materialized (
      select conversation_id,
             bool_or(opened_at is not null) as was_known,
             bool_or(waiting) is true as was_waiting,
             bool_or(replied) is true as was_replied,
             max(escalated_at) as was_escalated_at,
             bool_or(claimed) is true as was_claimed,
             coalesce(max(opened_at), min(at) filter (where type = 'conversation.opened')) as opened_at,
             min(at) filter (where type = 'message.replied') as replied_at,
             max(at) filter (where type = 'conversation.closed') as closed_at,
             max(at) filter (where type = 'conversation.escalated') as escalated_at,
             (array_agg(type order by position desc) filter (where type in (
               'message.received', 'message.replied', 'conversation.closed')))[1] as last_word,
             (array_agg(type order by position desc) filter (where type in (
               'conversation.escalated', 'message.replied', 'conversation.closed')))[1] as last_turn,
             (array_agg(type order by position desc) filter (where type in (
               'conversation.escalated', 'escalation.claimed')))[1] as last_hold
        from story
       group by conversation_id
    ),
    -- Only of conversations whose beginning was counted.
    stand as materialized (
      select conversation_id, was_known, was_waiting, was_escalated_at, opened_at, closed_at,
             coalesce(last_word = 'message.received', was_waiting) as waiting,
             was_replied or replied_at is not null as replied,
             case when last_turn is null then was_escalated_at
                  when last_turn = 'conversation.escalated' then escalated_at end as escalated_at,
             coalesce(last_hold = 'escalation.claimed', was_claimed) as claimed
        from fate
       where opened_at is not null
    ),
    turns as (
      select type, at, escalated_at, lag(type) over line as type_before
        from story
       where type in ('conversation.escalated', 'message.replied', 'conversation.closed')
      window line as (partition by conversation_id order by position)
    ),
    holds as (
      select type, at, claimed, lag(type) over line as type_before,
             coalesce(lag(at) over line, escalated_at) as escalated_at
        from story
       where type in ('conversation.escalated', 'escalation.claimed')
      window line as (partition by conversation_id order by position)
    ),
    durations as (
      select replied_at as at, 'conversations.first_response' as measure, replied_at - opened_at as took
        from fate
       where replied_at is not null and opened_at is not null and not was_replied
       union all
      select closed_at, 'conversations.resolution', closed_at - opened_at
        from fate
       where closed_at is not null and opened_at is not null
       union all
      select at, 'escalations.time_to_claim', at - escalated_at
        from holds
       where type = 'escalation.claimed' and escalated_at is not null
         and case when type_before is null then not claimed else type_before = 'conversation.escalated' end
    ),
    facts as (
      select event.at, fact.measure, fact.label
        from event
       cross join lateral (
         values
           ('message.received', 'messages.direction', 'inbound'),
           ('message.received', 'messages.channel', event.channel),
           ('message.replied', 'messages.direction', 'outbound'),
           ('message.replied', 'messages.author', event.author),
           ('message.triaged', 'messages.priority', event.priority),
           ('message.triaged', 'messages.category', coalesce(event.category, 'unknown')),
           ('conversation.opened', 'conversations.opened', event.channel),
           -- What a person wrote may be about anybody: only what is a plain word is counted by itself.
           ('conversation.closed', 'conversations.closed',
             case when event.reason ~ '^[a-z][a-z_]{0,31}$' then event.reason else 'other' end),
           ('reminder.due', 'reminders.sent', event.kind),
           ('reminder.cancelled', 'reminders.cancelled', event.reason),
           ('escalation.claimed', 'escalations.claimed', ''),
           ('escalation.released', 'escalations.released', event.reason),
           ('conversation.escalated', case when event."previousPriority" is null then 'escalations.opened' end,
             event.reason)
       ) fact (type, measure, label)
       where fact.type = event.type and fact.measure is not null and fact.label is not null
       union all
      select at, 'escalations.resolved', case type when 'message.replied' then 'replied' else 'closed' end
        from turns
       where type <> 'conversation.escalated'
         and coalesce(type_before = 'conversation.escalated', escalated_at is not null)
       union all
      select at, measure,
             floor(ln(greatest(extract(epoch from took)::double precision * 1000, 1)) / ln(growth))::integer::text
        from durations
    ),
    counted as (
      insert into statistics_hours as hours (hour, measure, label, amount)
      select date_trunc('hour', facts.at, 'UTC'), facts.measure, facts.label, count(*)
        from facts
       group by 1, 2, 3
      on conflict (hour, measure, label) do update set amount = hours.amount + excluded.amount
    ),
    forgotten as (
      delete from statistics_conversations state
       where state.conversation_id in (select conversation_id from stand where closed_at is not null)
    ),
    remembered as (
      insert into statistics_conversations as state
             (conversation_id, opened_at, waiting, replied, escalated_at, claimed)
      select conversation_id, opened_at, waiting, replied, escalated_at, claimed
        from stand
       where closed_at is null
      on conflict (conversation_id) do update
         set waiting = excluded.waiting, replied = excluded.replied, escalated_at = excluded.escalated_at,
             claimed = excluded.claimed
       where (state.waiting, state.replied, state.escalated_at, state.claimed) is distinct from
             (excluded.waiting, excluded.replied, excluded.escalated_at, excluded.claimed)
    )
    update statistics_follower follower
       set counted_until = greatest(follower.counted_until, (select max(at) from event)),
           open          = follower.open + change.open,
           waiting       = follower.waiting + change.waiting,
           escalated     = follower.escalated + change.escalated
      from (
        select coalesce(sum((closed_at is null)::integer - was_known::integer), 0) as open,
               coalesce(sum((closed_at is null and waiting)::integer - was_waiting::integer), 0) as waiting,
               coalesce(sum((closed_at is null and escalated_at is not null)::integer
                            - (was_escalated_at is not null)::integer), 0) as escalated
          from stand) change;
  end if;

  if new_head > head or tallies > 0 then
    update statistics_follower set position = new_head, revision = revision + 1;
  end if;
  return next;
end
$$;
