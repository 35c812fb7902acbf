-- Makes deliveries of new events, in the order of their positions: one for each endpoint that subscribed to them.
-- One transaction at a time does so, in the whole installation; where another one is at it, there is no row.
--
-- It stops before a number that is missing, for that event may be committed later.
create function __name__(
  at         timestamptz,
  batch_size integer,
  decided    bigint -- what is missing up to here will never come
)
returns table (
  events     integer, -- that were passed, with or without endpoints that wanted them
  deliveries integer,
  missing    bigint,  -- the number it stopped before; null: there was none
  seen       bigint,  -- the highest position that was there then
  endpoints  integer, -- that are enabled
  types      jsonb    -- how many events of each type were passed; null: none were
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
  head      bigint;
  base      bigint;
  last      bigint;
  new_head  bigint;
  read      integer;
begin
  -- Nobody waits for the disk here: what a crash of PostgreSQL takes away is made once more, with the same events.
  perform set_config('synchronous_commit', 'off', true);

  select position into head from event_fan_out for update skip locked;
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

  select count(*) into endpoints from webhooks where enabled;
  deliveries := 0;
  if endpoints > 0 and events > 0 then
    -- Whoever ends a delivery of an ordered endpoint releases the one that waits behind it: not while that one is made.
    perform from webhook_states state
      where webhook_id in (select id from webhooks where enabled and ordered)
      order by webhook_id
        for update;

    insert into deliveries
           (id, webhook_id, event_id, event_position, event_type, ordered_by, created_at, next_attempt_at)
    select uuid_v7(__name__.at), subscribed.*, __name__.at,
           case when ordered_by is not null
                 and (row_number() over (partition by webhook_id, ordered_by order by position) > 1
                      or exists (
                        select from deliveries earlier
                         where earlier.webhook_id = subscribed.webhook_id
                           and earlier.ordered_by = subscribed.ordered_by
                           and earlier.outcome is null))
                then 'infinity' else __name__.at end
      from (
        select webhook.id as webhook_id, event.id as event_id, position, type,
               case when webhook.ordered then event.conversation_id end as ordered_by
          from events event
          join webhooks webhook
            on webhook.event_types is null
            or event.type = any (webhook.event_types)
            or split_part(event.type, '.', 1) || '.*' = any (webhook.event_types)
         where position > head and position <= last
           and webhook.enabled
           and event.type <> 'webhook.test'
      ) subscribed
    on conflict on constraint ux_deliveries_event do nothing;
    get diagnostics deliveries = row_count;
  end if;

  if events > 0 then
    select jsonb_object_agg(type, number)
      into types
      from (
        select type, count(*) as number
          from events event
         where position > head and position <= last
         group by type) passed;
  end if;

  if new_head > head then
    update event_fan_out set position = new_head;
  end if;
  return next;
end
$$;
