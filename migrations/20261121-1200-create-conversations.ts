import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Clients, their conversations and messages, the reminders that keep a conversation from being forgotten, the
 * outbox of events, and the keys: of idempotency and of callers.
 */
export class CreateConversations implements MigrationInterface {
  name = 'CreateConversations1795262400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Enumerations, not checks: a check is parsed anew by every statement that writes its table.
      create type priority as enum ('low', 'normal', 'high', 'urgent');
      create type conversation_status as enum ('pending', 'open', 'closed');
      create type message_direction as enum ('inbound', 'outbound');
      create type message_author as enum ('client', 'assistant', 'operator', 'system');
      create type reminder_kind as enum ('policy', 'manual');

      -- a time as the API writes it
      create function iso8601(at timestamptz) returns text language sql stable parallel safe
        return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

      -- RFC 9562, 5.7: 48 bits of milliseconds, then random bits; a random UUID's version 4 is made a 7
      create function uuid_v7(at timestamptz) returns uuid language sql volatile parallel safe
        return encode(
          set_bit(
            set_bit(
              overlay(
                uuid_send(gen_random_uuid())
                placing substring(int8send(floor(extract(epoch from at) * 1000)::bigint) from 3)
                from 1 for 6
              ),
              52, 1
            ),
            53, 1
          ),
          'hex'
        )::uuid;

      create table clients (
        id            text           not null constraint pk_clients primary key,
        name          text,
        email         text,
        language      text,
        timezone      text,
        first_seen_at timestamptz(3) not null,
        -- never goes back, and grows with each message: the clock that orders a client's messages
        last_seen_at  timestamptz(3) not null
      ) with (fillfactor = 80);

      create table conversations (
        id               uuid           not null constraint pk_conversations primary key,
        client_id        text           not null constraint fk_conversations_client
                                        references clients (id) on delete cascade,
        status           conversation_status not null,
        priority         priority       not null,
        channel          text           not null,
        opened_at        timestamptz(3) not null,
        last_activity_at timestamptz(3) not null,
        -- since when the client waits for an answer; null: answered
        waiting_since    timestamptz(3),
        closed_at        timestamptz(3),
        close_reason     text
      ) with (fillfactor = 80);

      create unique index ux_conversations_client_active on conversations (client_id) where status <> 'closed';
      create index ix_conversations_client_opened on conversations (client_id, opened_at);
      create index ix_conversations_status_activity on conversations (status, last_activity_at);

      create table messages (
        id                 uuid           not null constraint pk_messages primary key,
        client_id          text           not null,
        conversation_id    uuid           not null constraint fk_messages_conversation
                                          references conversations (id) on delete cascade,
        direction          message_direction not null,
        author             message_author not null,
        operator_id        text,
        content            text           not null,
        channel            text           not null,
        priority           priority,
        category           text,
        triage             json,
        is_first           boolean        not null default false,
        -- json, not jsonb: given back with its keys in the caller's order
        metadata           json           not null default '{}',
        -- the answer's reminders, kept so that a replay gives the very first answer again
        answered_reminders json,
        sent_at            timestamptz(3) not null,
        created_at         timestamptz(3) not null,
        corrected_priority priority,
        corrected_category text,
        corrected_at       timestamptz(3)
      );

      create index ix_messages_client_created on messages (client_id, created_at);
      create index ix_messages_conversation_created on messages (conversation_id, created_at);
      create index ix_messages_priority_created on messages (priority, created_at);
      create index ix_messages_corrected on messages (corrected_at, id) where corrected_at is not null;

      create table reminders (
        id              uuid           not null constraint pk_reminders primary key,
        conversation_id uuid           not null constraint fk_reminders_conversation
                                       references conversations (id) on delete cascade,
        message_id      uuid,
        kind            reminder_kind  not null,
        level           integer        not null,
        priority        priority       not null,
        note            text,
        scheduled_at    timestamptz(3) not null,
        created_at      timestamptz(3) not null,
        sent_at         timestamptz(3),
        cancelled_at    timestamptz(3),
        cancel_reason   text,
        failed_at       timestamptz(3),
        failure         text
      ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

      create index ix_reminders_scheduled_cancelled_sent on reminders (scheduled_at, id)
        where cancelled_at is null and sent_at is null and failed_at is null;
      create index ix_reminders_conversation_scheduled on reminders (conversation_id, scheduled_at);

      create table reminder_policies (
        priority          priority       not null constraint pk_reminder_policies primary key,
        delays            text[]         not null,
        repeat_every      text,
        escalate_at_level integer,
        business_hours    jsonb,
        updated_at        timestamptz(3) not null
      );

      insert into reminder_policies (priority, delays, repeat_every, escalate_at_level, updated_at) values
        ('urgent', '{PT5M,PT15M,PT1H}', 'PT1H', 1, now()),
        ('high', '{PT15M,PT1H,PT4H}', 'PT4H', 2, now()),
        ('normal', '{PT1H,PT4H,PT24H}', 'PT24H', 3, now()),
        ('low', '{PT4H,PT24H,PT72H}', 'PT72H', null, now());

      create table events (
        -- the order in which events are told; an event's id is what subscribers know it by
        position        bigint         not null generated always as identity constraint pk_events primary key,
        id              uuid           not null constraint ux_events_id unique,
        type            text           not null,
        conversation_id uuid,
        trace_id        text,
        occurred_at     timestamptz(3) not null,
        -- json, not jsonb: kept byte for byte as it will be signed and sent
        data            json           not null
      ) with (autovacuum_vacuum_insert_scale_factor = 0.05);

      create index ix_events_conversation on events (conversation_id, position);

      create table idempotency_records (
        owner_id     uuid           not null,
        key          text           not null,
        request_hash text           not null,
        message_id   uuid           not null,
        created_at   timestamptz(3) not null,
        expires_at   timestamptz(3) not null,
        constraint pk_idempotency_records primary key (owner_id, key)
      );

      create index ix_idempotency_records_expires on idempotency_records (expires_at);

      create table api_keys (
        id           uuid           not null constraint pk_api_keys primary key,
        name         text           not null,
        key_hash     text           not null constraint ux_api_keys_hash unique,
        -- the first characters, so that people can tell keys apart
        prefix       text           not null,
        scopes       text[]         not null,
        created_at   timestamptz(3) not null,
        expires_at   timestamptz(3),
        revoked_at   timestamptz(3),
        last_used_at timestamptz(3)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- the routines, whose versions come and go outside of the migrations, are made of this schema's types
      do $$
      declare
        routine text;
      begin
        for routine in
          select 'function ' || oid::regprocedure from pg_proc where proname ~ '^ingest_messages_[0-9a-f]{12}$'
           union all
          select 'type ' || oid::regtype from pg_type where typname ~ '^ingest_messages_[0-9a-f]{12}_' and typtype = 'c'
        loop
          execute 'drop ' || routine;
        end loop;
      end $$;

      drop table api_keys, idempotency_records, events, reminder_policies, reminders, messages, conversations, clients;
      drop function uuid_v7, iso8601;
      drop type priority, conversation_status, message_direction, message_author, reminder_kind;
    `);
  }
}
