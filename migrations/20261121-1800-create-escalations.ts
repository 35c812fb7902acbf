import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The escalation queue, leases for the workers that send reminders, and the switches of background processes. */
export class CreateEscalations implements MigrationInterface {
  name = 'CreateEscalations1795284000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create type escalation_reason as enum ('triage', 'policy', 'manual', 'self_check');

      create table escalations (
        id               uuid           not null constraint pk_escalations primary key,
        conversation_id  uuid           not null constraint fk_escalations_conversation
                                        references conversations (id) on delete cascade,
        priority         priority       not null,
        reason           escalation_reason not null,
        -- of the reminder that escalated it
        level            integer,
        note             text,
        created_at       timestamptz(3) not null,
        operator_id      text,
        claimed_at       timestamptz(3),
        claim_expires_at timestamptz(3),
        resolved_at      timestamptz(3),
        -- replied or closed
        resolution       text
      ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);

      -- also what the foreign key needs where conversations are deleted
      create index ix_escalations_conversation_created on escalations (conversation_id, created_at);
      create unique index ux_escalations_conversation_open on escalations (conversation_id) where resolved_at is null;
      create index ix_escalations_queue on escalations (priority desc, created_at, id) where resolved_at is null;
      create index ix_escalations_claim_expires on escalations (claim_expires_at)
        where resolved_at is null and claimed_at is not null;

      -- No index holds these columns, so that claiming a reminder stays a change within its page.
      alter table reminders
        -- until when it belongs to a worker, or is left alone after a failed attempt
        add column leased_until timestamptz(3),
        -- grows with each claim: a worker that lost its lease cannot write any more
        add column lease_token  integer not null default 0,
        add column attempts     integer not null default 0;

      create table background_processes (
        name             text           not null constraint pk_background_processes primary key,
        paused_at        timestamptz(3),
        -- how often somebody asked for a run: workers run when it has grown
        run_requests     integer        not null default 0
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
          select 'function ' || oid::regprocedure from pg_proc where proname ~ '_[0-9a-f]{12}$'
           union all
          select 'type ' || oid::regtype from pg_type
           where typname ~ '_[0-9a-f]{12}_' and typtype = 'c'
        loop
          execute 'drop ' || routine;
        end loop;
      end $$;

      drop table background_processes, escalations;
      drop type escalation_reason;
      alter table reminders drop column leased_until, drop column lease_token, drop column attempts;
    `);
  }
}
