import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was done about backups, and when they are made. The backups themselves are files. */
export class CreateBackups implements MigrationInterface {
  name = 'CreateBackups1795299600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create type backup_action as enum ('backup', 'restore', 'verification');
      create type backup_status as enum ('running', 'completed', 'failed');

      create table backup_runs (
        id           uuid           not null constraint pk_backup_runs primary key,
        action       backup_action  not null,
        -- manual, daily, weekly, safety
        kind         text           not null,
        filename     text           not null,
        status       backup_status  not null,
        -- what it is doing: checking, dumping, restoring …
        phase        text           not null,
        bytes        bigint         not null default 0,
        -- null: not known before it is done
        total_bytes  bigint,
        started_at   timestamptz(3) not null,
        finished_at  timestamptz(3),
        -- until when its process is believed to be alive
        leased_until timestamptz(3) not null,
        error        text,
        -- of a backup that was made: size, checksum, versions, migration, row counts, duration
        metadata     jsonb
      ) with (fillfactor = 70);

      create unique index ux_backup_runs_running on backup_runs ((true)) where status = 'running';
      create index ix_backup_runs_started on backup_runs (started_at);

      create table backup_schedule (
        is_only     boolean        not null constraint pk_backup_schedule primary key
                                   constraint ck_backup_schedule_only check (is_only),
        -- 02:00, Monday 03:00, off; null: as the settings say
        daily_at    text,
        weekly_at   text,
        -- P7D
        keep        text,
        -- the last time of the schedule that was seen to; null: none yet
        daily_slot  timestamptz(3),
        weekly_slot timestamptz(3)
      );
      insert into backup_schedule (is_only) values (true);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table backup_schedule, backup_runs;
      drop type backup_action, backup_status;
    `);
  }
}
