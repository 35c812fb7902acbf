-- Gives due deliveries to a worker, to each endpoint its share: they belong to it until the lease ends. Workers that
-- claim at the same time pass over each other's rows.
--
-- What stands before the endpoints' deliveries stands in webhook_states: a pause after failures, or one that the
-- endpoint asked for; behind a pause after failures, one attempt shows whether it is well again; and its rate limit.
create function __name__(
  at            timestamptz,
  lease_end     timestamptz,
  capacity      integer, -- how many the worker has room for
  endpoint_most integer, -- of one endpoint
  busy          uuid[],  -- endpoints to which the worker is sending already,
  room          integer[], -- and how many more of each it takes
  failures_most integer  -- so many in a row, and the endpoint gets a pause
)
returns table (
  id          uuid, -- null in the last row, which says when to look again
  lease_token integer,
  attempts    integer,
  tries       integer,
  webhook_id  uuid,
  revision    integer,
  event_id    uuid,
  event_type  text,
  occurred_at timestamptz,
  data        text,
  trace_id    text,
  due_since   timestamptz,
  on_trial    boolean, -- shows whether the endpoint is well again
  next_at     timestamptz
)
language plpgsql
-- However old the statistics are, there is one good way: along the index of what is pending, endpoint by endpoint.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  -- A rate limit is kept from attempt to attempt; so much may be caught up on at once (GCRA, ITU-T I.371).
  tolerance constant interval := interval '100 milliseconds';
  due       uuid[];
  share     integer;
  quotas    integer[];
  claimed   integer;
  limited   record;
  trials    uuid[] := '{}';
  earliest  timestamptz;
  quota     integer;
begin
  -- Nobody waits for the disk here: a claim that a crash of PostgreSQL takes away is due again.
  perform set_config('synchronous_commit', 'off', true);

  -- In another order each time, so that none is always the last where there is not room for all.
  select array_agg(webhook.id order by random())
    into due
    from webhooks webhook
    join webhook_states state on state.webhook_id = webhook.id
   where webhook.enabled
     and (state.blocked_until is null or state.blocked_until <= __name__.at)
     and (state.next_slot_at is null or state.next_slot_at - tolerance <= __name__.at)
     and (webhook.id = any (busy) is not true or room[array_position(busy, webhook.id)] > 0)
     and exists (
       select from deliveries delivery
        where delivery.webhook_id = webhook.id and delivery.outcome is null
          and delivery.next_attempt_at <= __name__.at
          and (delivery.leased_until is null or delivery.leased_until <= __name__.at)
       -- One endpoint after the other, up to its first: without this, all that is due may be read to know whose it is.
       offset 0);

  if due is not null then
    share := greatest(1, capacity / cardinality(due));
    quotas := array(
      select least(share, coalesce(room[array_position(busy, endpoint)], endpoint_most))
        from unnest(due) with ordinality as listed (endpoint, place)
       order by place);

    for limited in
      select state.webhook_id, webhook.rate_limit_per_second as rate, state.failures >= failures_most as on_trial,
             greatest(state.next_slot_at, __name__.at) as slot, array_position(due, webhook.id) as place
        from webhooks webhook
        join webhook_states state on state.webhook_id = webhook.id
       where webhook.id = any (due)
         and (webhook.rate_limit_per_second is not null or state.failures >= failures_most)
       order by state.webhook_id
         for update of state
    loop
      quota := quotas[limited.place];
      -- Another worker may have been faster.
      if exists (
        select from webhook_states state
         where state.webhook_id = limited.webhook_id
           and (state.blocked_until > __name__.at or state.next_slot_at - tolerance > __name__.at))
      then
        quota := 0;
      elsif limited.on_trial then
        quota := 1;
        trials := trials || limited.webhook_id;
        update webhook_states state set blocked_until = lease_end where state.webhook_id = limited.webhook_id;
      end if;
      if quota > 0 and limited.rate is not null then
        quota := least(
          quota, 1 + floor(extract(epoch from __name__.at + tolerance - limited.slot) * limited.rate)::integer);
        quota := least(quota, (
          select count(*) from (
            select from deliveries delivery
             where delivery.webhook_id = limited.webhook_id and delivery.outcome is null
               and delivery.next_attempt_at <= __name__.at
               and (delivery.leased_until is null or delivery.leased_until <= __name__.at)
             limit quota) counted));
        update webhook_states state
           set next_slot_at = limited.slot + quota * interval '1 second' / limited.rate
         where state.webhook_id = limited.webhook_id and quota > 0;
      end if;
      quotas[limited.place] := quota;
    end loop;

    return query
    with claimed as (
      update deliveries delivery
         set leased_until = lease_end,
             lease_token  = delivery.lease_token + 1
       where delivery.id = any (array(
               select chosen.id
                 from unnest(due, quotas) endpoint (id, quota)
                cross join lateral (
                  select ready.id
                    from deliveries ready
                   where ready.webhook_id = endpoint.id and ready.outcome is null
                     and ready.next_attempt_at <= __name__.at
                     and (ready.leased_until is null or ready.leased_until <= __name__.at)
                   order by ready.next_attempt_at, ready.event_position
                   limit endpoint.quota
                     for update skip locked) chosen
                limit capacity))
      returning delivery.*
    )
    select claimed.id, claimed.lease_token, claimed.attempts, claimed.tries, claimed.webhook_id,
           (select webhook.revision from webhooks webhook where webhook.id = claimed.webhook_id),
           event.id, event.type, event.occurred_at, event.data::text, event.trace_id,
           claimed.next_attempt_at, claimed.webhook_id = any (trials), null::timestamptz
      from claimed
      join events event on event.position = claimed.event_position
     order by claimed.event_position;
    get diagnostics claimed = row_count;
    if claimed > 0 then return; end if;
  end if;

  -- Nothing is due that this worker could take now.
  select min(greatest(upcoming.next_attempt_at, state.blocked_until, state.next_slot_at - tolerance))
    into earliest
    from webhooks webhook
    join webhook_states state on state.webhook_id = webhook.id
   cross join lateral (
     select pending.next_attempt_at
       from deliveries pending
      where pending.webhook_id = webhook.id and pending.outcome is null
        and pending.next_attempt_at < 'infinity'
        and (pending.next_attempt_at > __name__.at
             or state.blocked_until > __name__.at
             or state.next_slot_at - tolerance > __name__.at)
      order by pending.next_attempt_at
      limit 1) upcoming
   where webhook.enabled;
  next_at := earliest;
  return next;
end
$$;
