import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhooks: endpoints, what is on its way to them, and what came of each attempt. */
export class CreateWebhooks implements MigrationInterface {
  name = 'CreateWebhooks1795294800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- One row: whoever locks it is alone in making deliveries of events.
      create table event_fan_out (
        is_only          boolean        not null constraint pk_event_fan_out primary key
                                        constraint ck_event_fan_out_only check (is_only),
        -- of the last event that became deliveries
        position         bigint         not null
      ) with (fillfactor = 10, autovacuum_vacuum_threshold = 1000);
      insert into event_fan_out select true, coalesce(max(position), 0) from events;

      create table webhooks (
        id                    uuid           not null constraint pk_webhooks primary key,
        url                   text           not null,
        description           text,
        -- message.received, message.*; null: everything
        event_types           text[],
        -- json, not jsonb: sent in the order in which they were given
        headers               json           not null default '{}',
        rate_limit_per_second integer,
        ordered               boolean        not null default false,
        enabled               boolean        not null default true,
        disabled_at           timestamptz(3),
        disabled_reason       text,
        -- counts changes of what a worker needs to know, secrets included
        revision              integer        not null default 1,
        created_at            timestamptz(3) not null,
        updated_at            timestamptz(3) not null
      );

      -- How an endpoint does: apart from what it is, because it changes with every batch of attempts.
      create table webhook_states (
        webhook_id       uuid           not null constraint pk_webhook_states primary key
                                        constraint fk_webhook_states_webhook references webhooks (id) on delete cascade,
        -- since when no attempt has succeeded; null: the last one did
        failing_since    timestamptz(3),
        -- attempts in a row that say that the endpoint as a whole is down
        failures         integer        not null default 0,
        -- nothing is sent before: the breaker is open, or the endpoint asked for time (429, 503)
        blocked_until    timestamptz(3),
        -- when the rate limit allows the next attempt
        next_slot_at     timestamptz(6)
      ) with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.01);

      create table webhook_secrets (
        id               uuid           not null constraint pk_webhook_secrets primary key,
        webhook_id       uuid           not null constraint fk_webhook_secrets_webhook
                                        references webhooks (id) on delete cascade,
        -- AES-256-GCM: 12 bytes of nonce, the sealed secret, 16 bytes of tag
        sealed           bytea          not null,
        created_at       timestamptz(3) not null,
        -- an old one signs too until then; null: the present one
        expires_at       timestamptz(3)
      );
      create index ix_webhook_secrets_webhook on webhook_secrets (webhook_id, created_at);

      create table webhook_replays (
        id               uuid           not null constraint pk_webhook_replays primary key,
        webhook_id       uuid           not null constraint fk_webhook_replays_webhook
                                        references webhooks (id) on delete cascade,
        since            timestamptz(3) not null,
        until            timestamptz(3) not null,
        event_types      text[],
        only_failed      boolean        not null,
        -- the last event that was looked at; its id tells the time, so it tells how far the replay is
        last_event_id    uuid,
        replayed         integer        not null default 0,
        created_at       timestamptz(3) not null,
        finished_at      timestamptz(3)
      );
      create index ix_webhook_replays_webhook on webhook_replays (webhook_id, id);
      create index ix_webhook_replays_running on webhook_replays (id) where finished_at is null;

      create type delivery_outcome as enum ('delivered', 'failed', 'dead');

      create table deliveries (
        id               uuid           not null constraint pk_deliveries primary key,
        webhook_id       uuid           not null constraint fk_deliveries_webhook
                                        references webhooks (id) on delete cascade,
        event_id         uuid           not null,
        event_position   bigint         not null,
        event_type       text           not null,
        -- where the endpoint wants the order of a conversation kept; null: the delivery waits for no other
        ordered_by       uuid,
        created_at       timestamptz(3) not null,
        -- infinity: an earlier one of the conversation comes first
        next_attempt_at  timestamptz(3) not null,
        -- all there were; the next one's number is one more
        attempts         integer        not null default 0,
        -- those of the present round of the schedule
        tries            integer        not null default 0,
        leased_until     timestamptz(3),
        lease_token      integer        not null default 0,
        -- null: pending
        outcome          delivery_outcome,
        finished_at      timestamptz(3),
        constraint ux_deliveries_event unique (webhook_id, event_id)
      ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.05);

      create index ix_deliveries_due on deliveries (webhook_id, next_attempt_at, event_position) where outcome is null;
      create index ix_deliveries_conversation on deliveries (webhook_id, ordered_by, event_position)
        where outcome is null and ordered_by is not null;
      create index ix_deliveries_failed on deliveries (webhook_id, event_id) where outcome in ('failed', 'dead');

      create table attempts (
        delivery_id      uuid           not null constraint fk_attempts_delivery
                                        references deliveries (id) on delete cascade,
        number           integer        not null,
        started_at       timestamptz(3) not null,
        duration_ms      integer        not null,
        -- the one that was connected to
        address          text,
        request_headers  json           not null,
        status           integer,
        response_headers json,
        body_excerpt     text,
        -- null: delivered
        error_class      text,
        error            text,
        constraint pk_attempts primary key (delivery_id, number)
      ) with (autovacuum_vacuum_insert_scale_factor = 0.05);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table attempts, deliveries, webhook_replays, webhook_secrets, webhook_states, webhooks, event_fan_out;
      drop type delivery_outcome;
    `);
  }
}
