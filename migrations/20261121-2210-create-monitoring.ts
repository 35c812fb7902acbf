import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The monitor: what it saw, how each process finds each part, the alerts, and whom they are told. */
export class CreateMonitoring implements MigrationInterface {
  name = 'CreateMonitoring1795299000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What the monitor writes and reads back to see that the database takes both: a row for each process.
      create table monitoring_probes (
        instance         text           not null constraint pk_monitoring_probes primary key,
        written_at       timestamptz(3) not null
      ) with (fillfactor = 50);

      -- One row, where somebody started the monitor with an interval or limits of their own.
      create table monitoring_settings (
        is_only          boolean        not null constraint pk_monitoring_settings primary key
                                        constraint ck_monitoring_settings_only check (is_only),
        -- what is absent is as the configuration has it
        settings         jsonb          not null
      );

      create table monitoring_samples (
        id               uuid           not null constraint pk_monitoring_samples primary key,
        service          text           not null,
        instance         text           not null,
        at               timestamptz(3) not null,
        status           text           not null,
        latency_ms       real,
        message          text,
        facts            json           not null
      );
      create index ix_monitoring_samples_service on monitoring_samples (service, at, id);
      create index ix_monitoring_samples_at on monitoring_samples (at);

      -- How each process finds each part, after so many samples in a row.
      create table monitoring_states (
        service          text           not null,
        instance         text           not null,
        status           text           not null,
        message          text,
        -- a process that says nothing any more is not believed any more
        seen_at          timestamptz(3) not null,
        constraint pk_monitoring_states primary key (service, instance)
      ) with (fillfactor = 50);

      create table alerts (
        id               uuid           not null constraint pk_alerts primary key,
        service          text           not null,
        severity         text           not null constraint ck_alerts_severity
                                        check (severity in ('degraded', 'unhealthy')),
        message          text           not null,
        raised_at        timestamptz(3) not null,
        changed_at       timestamptz(3) not null,
        resolved_at      timestamptz(3)
      );
      -- However many processes see it: one open alert of a part.
      create unique index ux_alerts_open on alerts (service) where resolved_at is null;
      create index ix_alerts_resolved on alerts (resolved_at) where resolved_at is not null;

      -- What is told of an alert, to whom, and what came of it.
      create table alert_notices (
        id               uuid           not null constraint pk_alert_notices primary key,
        alert_id         uuid           not null constraint fk_alert_notices_alert
                                        references alerts (id) on delete cascade,
        channel          text           not null,
        notice           json           not null,
        attempts         integer        not null default 0,
        -- of a notice that is being sent: when another process takes it for lost
        next_attempt_at  timestamptz(3) not null,
        sent_at          timestamptz(3),
        last_error       text
      );
      create index ix_alert_notices_alert on alert_notices (alert_id, id);
      create index ix_alert_notices_due on alert_notices (next_attempt_at) where sent_at is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table alert_notices, alerts, monitoring_states, monitoring_samples, monitoring_settings,
        monitoring_probes;
    `);
  }
}
