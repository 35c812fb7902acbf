/**
 * The ingest transaction of the comparison, as bare as it can be: no foreign keys, no idempotency, no triage,
 * and besides the primary keys only the indexes without which nobody could read a history or find due reminders.
 */
export const INGEST_SCHEMA = `
create table clients (
  id bigint generated always as identity primary key,
  external_id text not null unique,
  created_at timestamptz not null default now()
);
create table sessions (
  client_id bigint primary key,
  message_count integer not null default 1,
  last_message_at timestamptz not null
);
create table messages (
  id bigint generated always as identity primary key,
  client_id bigint not null,
  content text not null,
  channel text not null,
  metadata jsonb not null,
  created_at timestamptz not null default now()
);
create index messages_client_idx on messages (client_id, id);
create table reminders (
  id bigint generated always as identity primary key,
  message_id bigint not null,
  level integer not null,
  due_at timestamptz not null,
  status text not null default 'pending'
);
create index reminders_due_idx on reminders (due_at, id) where status = 'pending';
create table outbox (
  id bigint generated always as identity primary key,
  type text not null,
  payload jsonb not null,
  created_at timestamptz not null default now()
);
`;

/** The same work as one function call: one round trip, and plans that PostgreSQL keeps. */
export const INGEST_FUNCTION = `
create function ingest(p_client text, p_content text, p_channel text, p_metadata jsonb) returns bigint
language plpgsql as $$
declare
  v_client bigint;
  v_message bigint;
begin
  select id into v_client from clients where external_id = p_client for no key update;
  if not found then
    insert into clients (external_id) values (p_client)
      on conflict (external_id) do update set external_id = excluded.external_id
      returning id into v_client;
  end if;
  insert into messages (client_id, content, channel, metadata)
    values (v_client, p_content, p_channel, p_metadata)
    returning id into v_message;
  update sessions set message_count = message_count + 1, last_message_at = now() where client_id = v_client;
  if not found then
    insert into sessions (client_id, last_message_at) values (v_client, now());
  end if;
  insert into reminders (message_id, level, due_at) values
    (v_message, 1, now() + interval '5 minutes'),
    (v_message, 2, now() + interval '15 minutes'),
    (v_message, 3, now() + interval '1 hour');
  insert into outbox (type, payload)
    values ('message.received', jsonb_build_object('messageId', v_message, 'clientId', p_client));
  return v_message;
end
$$;
`;
