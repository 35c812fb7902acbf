-- Has events told to an endpoint once more: a delivery that is over becomes pending again, a missing one is made, and
-- one that is pending is left as it is.
--
-- Where the endpoint wants the order of a conversation kept, one delivery of it is due, the earliest; the others are
-- held back behind it, also one that was due until now.
create function __name__(
  at        timestamptz,
  endpoint  uuid,
  event_ids uuid[]
)
returns integer -- how many became pending
language plpgsql
-- However old the statistics are, there is one good way: from each event to its own rows.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
  wants_order   boolean;
  conversations uuid[];
  were_due      uuid[];
  requeued      integer;
begin
  select webhook.ordered into wants_order from webhooks webhook where webhook.id = endpoint;
  if wants_order then
    -- Whoever makes deliveries of this endpoint, records the end of one, or changes the endpoint, waits.
    perform from webhook_states state where state.webhook_id = endpoint for update;
  end if;
  -- Shared, so that it is not deleted meanwhile.
  select webhook.ordered and wants_order into wants_order
    from webhooks webhook
   where webhook.id = endpoint and webhook.deleted_at is null
     for key share;
  if not found then return 0; end if;

  if wants_order then
    conversations := array(
      select distinct event.conversation_id
        from unnest(event_ids) as given (id)
        join events event on event.id = given.id
       where event.conversation_id is not null);
    were_due := array(
      select earliest.id
        from unnest(conversations) as conversation (id)
       cross join lateral (
         select pending.id
           from deliveries pending
          where pending.webhook_id = endpoint and pending.ordered_by = conversation.id and pending.outcome is null
          order by pending.event_position
          limit 1) earliest);
  end if;

  insert into deliveries
         (id, webhook_id, event_id, event_position, event_type, ordered_by, created_at, next_attempt_at)
  select uuid_v7(at), endpoint, event.id, event.position, event.type, event.ordered_by, at,
         case when event.ordered_by is null then at else 'infinity' end
    from (
      select event.id, event.position, event.type, case when wants_order then event.conversation_id end as ordered_by
        from unnest(event_ids) as given (id)
        join events event on event.id = given.id
       -- in the order in which others make them, so that nobody waits in a circle
       order by event.position
       -- Shared, so that none is deleted meanwhile: a delivery has an event.
         for key share of event) event
  on conflict on constraint ux_deliveries_event do update
     set outcome = null, finished_at = null, tries = 0, leased_until = null,
         ordered_by = excluded.ordered_by, next_attempt_at = excluded.next_attempt_at
   where deliveries.outcome is not null;
  get diagnostics requeued = row_count;

  if wants_order then
    -- What is on its way already cannot be held back.
    update deliveries delivery
       set next_attempt_at = 'infinity'
     where delivery.id = any (were_due)
       and delivery.outcome is null
       and (delivery.leased_until is null or delivery.leased_until <= at)
       and exists (
             select from deliveries earlier
              where earlier.webhook_id = endpoint
                and earlier.ordered_by = delivery.ordered_by
                and earlier.outcome is null
                and earlier.event_position < delivery.event_position);

    update deliveries delivery
       set next_attempt_at = at
      from unnest(conversations) as conversation (id)
     cross join lateral (
       select pending.id
         from deliveries pending
        where pending.webhook_id = endpoint and pending.ordered_by = conversation.id and pending.outcome is null
        order by pending.event_position
        limit 1) earliest
     where delivery.id = earliest.id and delivery.next_attempt_at = 'infinity';
  end if;
  return requeued;
end
$$;
