-- Records what came of attempts, in one transaction: the attempts themselves, what becomes of their deliveries, which
-- one of a conversation comes next where the endpoint wants its order kept, and how the endpoints do.
--
-- An attempt whose delivery belongs to another worker by now is kept, and changes nothing of the delivery.
create function __name__(
  recorded      json,
  at            timestamptz,
  failures_most integer,  -- so many in a row, and the endpoint gets a pause:
  first_pause   interval, -- this long, and twice as long each time an attempt after it fails,
  longest_pause interval  -- but not longer
)
returns table (
  webhook_id    uuid,        -- one row for each endpoint that fails
  failing_since timestamptz,
  released      integer      -- in the last row, whose webhook_id is null: deliveries that waited for one of these
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
  finished uuid[];
  locked   uuid[];
  endpoint record;
  failures_now integer;
  pause    timestamptz;
begin
  -- Several in one order. Where all is well nothing is locked, and nothing written.
  locked := array(
    select state.webhook_id
      from webhook_states state
     where state.webhook_id in (
       select delivery.webhook_id
         from json_to_recordset(recorded) as item (delivery_id uuid, outcome delivery_outcome)
         join deliveries delivery on delivery.id = item.delivery_id
        where delivery.ordered_by is not null
           or item.outcome is distinct from 'delivered'
           or exists (
             select from webhook_states troubled
              where troubled.webhook_id = delivery.webhook_id
                and (troubled.failing_since is not null or troubled.blocked_until is not null)))
     order by state.webhook_id
       for update);

  with item as materialized (
    select * from json_to_recordset(recorded) as item (
      delivery_id uuid, lease_token integer, number integer, counts boolean, outcome delivery_outcome,
      next_attempt_at timestamptz, started_at timestamptz, duration_ms integer, address text, request_headers json,
      status integer, response_headers json, body_excerpt text, error_class text, error text)
  ), moved as (
    update deliveries delivery
       set attempts        = item.number,
           tries           = delivery.tries + item.counts::integer,
           leased_until    = null,
           outcome         = item.outcome,
           finished_at     = case when item.outcome is not null then __name__.at end,
           next_attempt_at = coalesce(item.next_attempt_at, delivery.next_attempt_at)
      from item
     where delivery.id = item.delivery_id
       and delivery.lease_token = item.lease_token
       -- The same as `is null`, but never a reason to look for them along the index of all that is pending.
       and num_nulls(delivery.outcome) = 1
    returning delivery.id, delivery.outcome, delivery.ordered_by
  ), tallied as (
    insert into statistics_tallies (at, measure, label, amount)
    select __name__.at, 'webhooks.deliveries', moved.outcome::text, count(*)
      from moved
     where moved.outcome is not null
     group by moved.outcome
  ), lost as materialized (
    -- Those of another worker: kept where the endpoint, and the delivery with it, is not just being deleted.
    select delivery.id
      from deliveries delivery
     where delivery.id in (select delivery_id from item except select id from moved)
       for key share
  ), kept as (
    insert into attempts
           (delivery_id, number, started_at, duration_ms, address, request_headers, status, response_headers,
            body_excerpt, error_class, error)
    select delivery_id, number, started_at, duration_ms, address, request_headers, status, response_headers,
           body_excerpt, error_class, error
      from item
     where delivery_id in (select id from moved union all select id from lost)
    on conflict do nothing
  )
  select array_agg(id) into finished from moved where outcome is not null and ordered_by is not null;

  released := 0;
  if finished is not null then
    update deliveries delivery
       set next_attempt_at = __name__.at
     where delivery.next_attempt_at = 'infinity'
       and delivery.id = any (array(
             select following.id
               from (select distinct ended.webhook_id, ended.ordered_by
                       from deliveries ended
                      where ended.id = any (finished)) conversation
              cross join lateral (
                select waiting.id
                  from deliveries waiting
                 where waiting.webhook_id = conversation.webhook_id
                   and waiting.ordered_by = conversation.ordered_by
                   and waiting.outcome is null
                 order by waiting.event_position
                 limit 1) following));
    get diagnostics released = row_count;
  end if;

  for endpoint in
    select state.webhook_id, state.failing_since, state.failures, state.blocked_until,
           summary.delivered, summary.failed, summary.tried_again, summary.first_at, summary.pause_until
      from (
        select item.webhook_id,
               bool_or(item.outcome = 'delivered') is true as delivered,
               count(*) filter (where item.is_failure)     as failed,
               bool_or(item.on_trial)                      as tried_again,
               min(item.started_at) filter (where item.counts) as first_at,
               max(item.pause_until)                       as pause_until
          from json_to_recordset(recorded) as item (
            webhook_id uuid, outcome delivery_outcome, is_failure boolean, counts boolean, on_trial boolean,
            started_at timestamptz, pause_until timestamptz)
         group by item.webhook_id) summary
      join webhook_states state on state.webhook_id = summary.webhook_id
     where state.webhook_id = any (locked)
  loop
    if endpoint.delivered then
      failing_since := null;
      failures_now := 0;
      pause := endpoint.pause_until;
    else
      failing_since := coalesce(endpoint.failing_since, endpoint.first_at);
      if endpoint.failures < failures_most then
        failures_now := least(endpoint.failures + endpoint.failed, failures_most);
      else
        -- What was on its way when the pause began says nothing new.
        failures_now := endpoint.failures + (endpoint.tried_again and endpoint.failed > 0)::integer;
      end if;
      pause := greatest(
        endpoint.pause_until,
        case
          when failures_now >= failures_most and failures_now > endpoint.failures
            then at + least(longest_pause, first_pause * power(2, least(failures_now - failures_most, 30)))
          when endpoint.tried_again then at
          else endpoint.blocked_until
        end);
    end if;
    if (failing_since, failures_now, pause) is distinct from
       (endpoint.failing_since, endpoint.failures, endpoint.blocked_until) then
      update webhook_states state
         set failing_since = __name__.failing_since, failures = failures_now, blocked_until = pause
       where state.webhook_id = endpoint.webhook_id;
    end if;
    if failing_since is not null then
      webhook_id := endpoint.webhook_id;
      return next;
    end if;
  end loop;
  webhook_id := null;
  failing_since := null;
  return next;
end
$$;
