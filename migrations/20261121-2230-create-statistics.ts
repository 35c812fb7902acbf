import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is counted of events, what was deleted because it was old, and the erasures of clients. */
export class CreateStatistics implements MigrationInterface {
  name = 'CreateStatistics1795300200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table statistics_hours (
        hour             timestamptz(3) not null,
        -- what is counted: messages.channel, conversations.resolution
        measure          text           not null,
        -- of which kind: api, urgent; of a duration, the number of its bucket
        label            text           not null,
        amount           bigint         not null,
        constraint pk_statistics_hours primary key (hour, measure, label)
      ) with (fillfactor = 70);

      -- What happens without an event leaves a row here, in its own transaction; whoever counts takes it away.
      create table statistics_tallies (
        id               bigint         not null generated always as identity constraint pk_statistics_tallies primary key,
        at               timestamptz(3) not null,
        measure          text           not null,
        label            text           not null,
        amount           integer        not null
      ) with (autovacuum_vacuum_threshold = 1000);

      create function tally(at timestamptz, measure text, label text, amount integer) returns void
        language sql volatile
        begin atomic
          insert into statistics_tallies (at, measure, label, amount) values (at, measure, label, amount);
        end;

      -- What has to be remembered of a conversation until it is closed, as far as its events were counted.
      create table statistics_conversations (
        conversation_id  uuid           not null constraint pk_statistics_conversations primary key,
        opened_at        timestamptz(3) not null,
        waiting          boolean        not null,
        replied          boolean        not null,
        escalated_at     timestamptz(3),
        -- since then, by anybody
        claimed          boolean        not null
      ) with (fillfactor = 80);

      -- One row: whoever locks it is alone in counting events. It begins with the first that there is.
      create table statistics_follower (
        is_only          boolean        not null constraint pk_statistics_follower primary key
                                        constraint ck_statistics_follower_only check (is_only),
        -- of the last event that was counted
        position         bigint         not null,
        counted_until    timestamptz(3),
        -- another one whenever anything was counted, or added up
        revision         bigint         not null default 0,
        -- before this day, hours are added up to days
        days_until       timestamptz(3),
        open             bigint         not null,
        waiting          bigint         not null,
        escalated        bigint         not null
      ) with (fillfactor = 10, autovacuum_vacuum_threshold = 1000);
      insert into statistics_follower (is_only, position, open, waiting, escalated) values (true, 0, 0, 0, 0);

      create table retention_runs (
        kind             text           not null constraint pk_retention_runs primary key,
        finished_at      timestamptz(3) not null,
        duration_ms      integer        not null,
        deleted          bigint         not null
      );

      create table client_erasures (
        id               uuid           not null constraint pk_client_erasures primary key,
        -- SHA-256 of what the client was called; the name itself is kept nowhere
        client_hash      text           not null,
        -- has what is to be erased in the client's place; null: nothing is left
        stand_in         text,
        keys_deleted     boolean        not null,
        requested_at     timestamptz(3) not null,
        finished_at      timestamptz(3)
      );
      create index ix_client_erasures_running on client_erasures (id) where finished_at is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function tally;
      drop table client_erasures, retention_runs, statistics_follower, statistics_conversations, statistics_tallies,
        statistics_hours;
    `);
  }
}
