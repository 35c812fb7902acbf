-- The rule of ingest: what happens to messages that come in, all of it in the one transaction of this call.
--
-- A batch holds messages of different clients with different idempotency keys, sorted by client: two batches take
-- their locks in one order and never wait for each other in a circle. Every statement sees what was committed
-- while the one before it waited for a lock: that is why this is a function and not one statement.
--
-- One message at a time, because small statements with kept plans cost less than one that decides for a whole batch
-- (a third of the CPU for a single message), and no plan can turn bad as the tables grow.
-- The types are this version's own: a later migration may add columns to the tables while this one still runs.
create type __name___message as (
  id uuid, client_id text, conversation_id uuid, direction message_direction, author message_author, content text,
  channel text, priority priority, category text, triage json, is_first boolean, metadata json,
  answered_reminders json, sent_at timestamptz, created_at timestamptz);

create type __name___reminder as (
  id uuid, conversation_id uuid, message_id uuid, kind reminder_kind, level integer, priority priority,
  scheduled_at timestamptz, created_at timestamptz);

create type __name___event as (
  id uuid, type text, conversation_id uuid, trace_id text, occurred_at timestamptz, data json);

create function __name__(batch json, duplicate_window interval)
returns table (
  id              uuid,
  outcome         text,    -- accepted, same_content, idempotency_key or key_reused
  original_id     uuid,    -- of a duplicate
  conversation_id uuid,
  is_first        boolean,
  created_at      timestamptz,
  starts_chain    boolean, -- its own reminders were stored
  pending         json     -- the reminders that stood already; null: none
)
language plpgsql
-- Plans are made once a connection, maybe while a table is still empty, and must suit a large one.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
<<rule>>
declare
  item             record;
  at               timestamptz;
  known_hash       text;
  waiting_since    timestamptz; -- since when the conversation waits for the team
  waiting_priority priority;
  lifts            boolean;     -- more urgent than what the client has been waiting with
  escalation       record;      -- the open one of the conversation
  escalated        boolean;
  new_messages     __name___message[]  := '{}';
  new_reminders    __name___reminder[] := '{}';
  new_events       __name___event[]    := '{}';
begin
  for item in
    select *
      from json_to_recordset(batch) as item (
             id uuid, owner_id uuid, key text, request_hash text, key_expires_at timestamptz,
             client_id text, name text, email text, language text, timezone text, new_conversation_id uuid,
             content text, channel text, metadata json, sent_at timestamptz, received_at timestamptz,
             priority priority, category text, triage json,
             reminders json, reminder_ids uuid[], reminder_times timestamptz[], trace_id text)
  loop
    id := item.id;
    original_id := null;

    -- 1. The idempotency key is claimed. A key whose first request still runs makes us wait for its end here; one
    --    that has expired can be used again. A key that was used before means the same request again, or
    --    another one by mistake.
    if item.key is not null then
      insert into idempotency_records as record (owner_id, key, request_hash, message_id, created_at, expires_at)
      values (item.owner_id, item.key, item.request_hash, item.id, item.received_at, item.key_expires_at)
      on conflict (owner_id, key) do update
         set request_hash = excluded.request_hash,
             message_id   = excluded.message_id,
             created_at   = excluded.created_at,
             expires_at   = excluded.expires_at
       where record.expires_at <= excluded.created_at;

      if not found then
        select record.message_id, record.request_hash
          into original_id, known_hash
          from idempotency_records record
         where record.owner_id = item.owner_id and record.key = item.key;
        outcome := case when known_hash = item.request_hash then 'idempotency_key' else 'key_reused' end;
        return next;
        continue;
      end if;
    end if;

    -- 2. The client is made or found, and locked until commit (the lock of SELECT ... FOR NO KEY UPDATE): from
    --    here on, everything about this client stands still. Its clock never stands still or goes back, so a
    --    client's messages are in one order for good.
    insert into clients as client (id, name, email, language, timezone, first_seen_at, last_seen_at)
    values (item.client_id, item.name, item.email, item.language, item.timezone, item.received_at, item.received_at)
    on conflict (id) do update
       set last_seen_at = greatest(excluded.last_seen_at, client.last_seen_at + interval '1 millisecond'),
           name         = coalesce(excluded.name, client.name),
           email        = coalesce(excluded.email, client.email),
           language     = coalesce(excluded.language, client.language),
           timezone     = coalesce(excluded.timezone, client.timezone)
    returning client.last_seen_at, client.first_seen_at = client.last_seen_at
         into rule.at, __name__.is_first;

    -- 3. Without a key, the same words within the window are the same message.
    if item.key is null and not is_first then
      select message.id
        into original_id
        from messages message
       where message.client_id = item.client_id
         and message.created_at > item.received_at - duplicate_window
         and message.direction = 'inbound'
         and message.content = item.content
         and (item.sent_at is null or message.sent_at = item.sent_at)
       order by message.created_at
       limit 1;
      if found then
        outcome := 'same_content';
        return next;
        continue;
      end if;
    end if;

    -- 4. It goes into the client's active conversation, or opens one. While the client waits, the most urgent
    --    message counts; once answered, the new one does.
    conversation_id := null;
    pending := null;
    if not is_first then
      select conversation.id, conversation.waiting_since, conversation.priority
        into conversation_id, rule.waiting_since, waiting_priority
        from conversations conversation
       where conversation.client_id = item.client_id and conversation.status <> 'closed';
    end if;

    if conversation_id is null then
      conversation_id := item.new_conversation_id;
      starts_chain := true;
      lifts := false;
      insert into conversations
             (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since)
      values (item.new_conversation_id, item.client_id, 'open', item.priority, item.channel, at, at, at);
      new_events := new_events || row(
        uuid_v7(at), 'conversation.opened', conversation_id, item.trace_id, at,
        json_build_object(
          'conversationId', conversation_id, 'clientId', item.client_id, 'channel', item.channel,
          'status', 'open', 'priority', item.priority, 'openedAt', iso8601(at)))::__name___event;
    else
      lifts := rule.waiting_since is not null and item.priority > waiting_priority;
      update conversations conversation
         set priority         = case when rule.waiting_since is null or lifts then item.priority
                                     else conversation.priority end,
             last_activity_at = at,
             waiting_since    = coalesce(conversation.waiting_since, at)
       where conversation.id = __name__.conversation_id;

      -- 5. A conversation waits under one chain of reminders. A message starts one where none is pending, and
      --    replaces it where it is more urgent; what would have come even earlier stays.
      if lifts then
        with superseded as (
          update reminders reminder
             set cancelled_at = at, cancel_reason = 'superseded'
           where reminder.conversation_id = __name__.conversation_id
             and reminder.kind = 'policy'
             and coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null
             and reminder.scheduled_at >= item.reminder_times[1]
          returning reminder.id, reminder.level, reminder.scheduled_at
        )
        insert into events (id, type, conversation_id, trace_id, occurred_at, data)
        select uuid_v7(at), 'reminder.cancelled', __name__.conversation_id, item.trace_id, at, json_build_object(
                 'reminderId', superseded.id, 'conversationId', __name__.conversation_id,
                 'clientId', item.client_id, 'level', superseded.level,
                 'scheduledAt', iso8601(superseded.scheduled_at), 'reason', 'superseded')
          from superseded;
      end if;

      select json_agg(
               json_build_object('id', reminder.id, 'level', reminder.level,
                                 'scheduledAt', iso8601(reminder.scheduled_at))
               order by reminder.scheduled_at),
             lifts or not coalesce(bool_or(reminder.kind = 'policy'), false)
        into __name__.pending, __name__.starts_chain
        from reminders reminder
       where reminder.conversation_id = __name__.conversation_id
         and coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null;
    end if;

    -- 6. The message, its reminders and its events; their columns stand in the order of the types above.
    new_messages := new_messages || row(
      item.id, item.client_id, conversation_id, 'inbound', 'client', item.content, item.channel,
      item.priority, item.category, item.triage, is_first, item.metadata,
      case when pending is null then item.reminders
           when starts_chain then (pending::jsonb || item.reminders::jsonb)::json
           else pending end,
      coalesce(item.sent_at, at), at)::__name___message;

    if starts_chain then
      for level in 1 .. cardinality(item.reminder_ids) loop
        new_reminders := new_reminders || row(
          item.reminder_ids[level], conversation_id, item.id, 'policy', level, item.priority,
          item.reminder_times[level], at)::__name___reminder;
      end loop;
    end if;

    new_events := new_events || row(
      uuid_v7(at), 'message.received', conversation_id, item.trace_id, at,
      json_build_object(
        'messageId', item.id, 'conversationId', conversation_id, 'clientId', item.client_id,
        'content', item.content, 'channel', item.channel, 'isFirstMessage', is_first,
        'metadata', item.metadata, 'timestamp', iso8601(coalesce(item.sent_at, at)),
        'createdAt', iso8601(at)))::__name___event;
    new_events := new_events || row(
      uuid_v7(at), 'message.triaged', conversation_id, item.trace_id, at,
      json_build_object(
        'messageId', item.id, 'conversationId', conversation_id, 'clientId', item.client_id,
        'priority', item.priority, 'category', item.category, 'triage', item.triage))::__name___event;

    -- 7. What is urgent needs a human now. A conversation that is escalated already gets no second entry: its own
    --    becomes as urgent as the message, wherever in the queue, or with whichever operator, it is.
    if item.priority = 'urgent' or lifts then
      select open.id, open.priority, open.reason, open.level, open.note
        into escalation
        from escalations open
       where open.conversation_id = __name__.conversation_id and open.resolved_at is null;
      if found then
        escalated := item.priority > escalation.priority;
        if escalated then
          update escalations open set priority = item.priority where open.id = escalation.id;
        end if;
      elsif item.priority = 'urgent' then
        escalated := true;
        insert into escalations as open (id, conversation_id, priority, reason, created_at)
        values (uuid_v7(at), conversation_id, item.priority, 'triage', at)
        returning open.id, null::priority as priority, open.reason, open.level, open.note into escalation;
        update conversations conversation
           set status = 'open'
         where conversation.id = __name__.conversation_id and conversation.status = 'pending';
      else
        escalated := false;
      end if;
      if escalated then
        new_events := new_events || row(
          uuid_v7(at), 'conversation.escalated', conversation_id, item.trace_id, at,
          json_build_object(
            'escalationId', escalation.id, 'conversationId', conversation_id, 'clientId', item.client_id,
            'priority', item.priority, 'previousPriority', escalation.priority, 'reason', escalation.reason,
            'level', escalation.level, 'note', escalation.note, 'escalatedAt', iso8601(at)))::__name___event;
      end if;
    end if;

    outcome := 'accepted';
    created_at := at;
    return next;
  end loop;

  -- Stored all at once: fewer statements are a seventh of what a message costs.
  insert into messages
         (id, client_id, conversation_id, direction, author, content, channel, priority, category, triage, is_first,
          metadata, answered_reminders, sent_at, created_at)
  select * from unnest(new_messages);

  insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at)
  select * from unnest(new_reminders);

  insert into events (id, type, conversation_id, trace_id, occurred_at, data)
  select * from unnest(new_events);
end
$$;
