-- Gives due reminders to a worker, the longest due first: they belong to it until the lease ends. Workers that claim
-- at the same time pass over each other's rows, so none waits and none gets what another has.
--
-- What is done with them is recorded by another transaction (send-reminders.sql): one statement that did both
-- deadlocked.
create function __name__(at timestamptz, lease_end timestamptz, batch_size integer)
returns table (
  id              uuid, -- null in the last row, which says when the next reminder is due
  lease_token     integer,
  conversation_id uuid,
  client_id       text,
  message_id      uuid,
  kind            reminder_kind,
  level           integer,
  priority        priority, -- of the conversation now
  scheduled_at    timestamptz,
  attempts        integer,
  next_at         timestamptz
)
language plpgsql
-- However old the statistics are, and whatever was in the table when the plan was made, there is one good way: along
-- the index of what is pending, and from each row to its own.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  claimed integer;
begin
  -- Nobody waits for the disk here: a claim that a crash of PostgreSQL takes away is due again.
  perform set_config('synchronous_commit', 'off', true);

  return query
  update reminders reminder
     set leased_until = lease_end,
         lease_token  = reminder.lease_token + 1
   where reminder.id = any (array(
           select due.id
             from reminders due
            where due.cancelled_at is null and due.sent_at is null and due.failed_at is null
              and due.scheduled_at <= __name__.at
              and (due.leased_until is null or due.leased_until <= __name__.at)
            order by due.scheduled_at, due.id
            limit batch_size
              for update skip locked))
  returning
    reminder.id, reminder.lease_token, reminder.conversation_id,
    (select conversation.client_id from conversations conversation where conversation.id = reminder.conversation_id),
    reminder.message_id, reminder.kind, reminder.level,
    (select conversation.priority from conversations conversation where conversation.id = reminder.conversation_id),
    reminder.scheduled_at, reminder.attempts, null::timestamptz;

  get diagnostics claimed = row_count;
  if claimed = batch_size then return; end if;

  -- Nothing else is due now. What is leased may come back when its lease ends.
  next_at := least(
    (select pending.scheduled_at
       from reminders pending
      where pending.cancelled_at is null and pending.sent_at is null and pending.failed_at is null
        and pending.scheduled_at > __name__.at
      order by pending.scheduled_at, pending.id
      limit 1),
    (select min(leased.leased_until)
       from reminders leased
      where leased.cancelled_at is null and leased.sent_at is null and leased.failed_at is null
        and leased.scheduled_at <= __name__.at
        and leased.leased_until > __name__.at));
  return next;
end
$$;
