import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who did what as an administrator, and whether it is maintenance. */
export class CreateAudit implements MigrationInterface {
  name = 'CreateAudit1795298400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table audit_log (
        id         uuid           not null constraint pk_audit_log primary key,
        -- one more than that of the entry before
        number     bigint         not null,
        at         timestamptz(3) not null,
        -- api_key, command, system
        actor_kind text           not null,
        -- of the API key
        actor_id   uuid,
        actor_name text           not null,
        -- of the caller; of what happens by itself, the host
        address    text           not null,
        trace_id   text,
        -- noun.verb
        action     text           not null,
        subject    text,
        before     jsonb,
        after      jsonb,
        -- the hash of the entry before; of the first, zeros
        previous   text           not null,
        -- docs/audit.md has the formula
        hash       text           not null constraint ux_audit_log_hash unique
      );
      create index ix_audit_log_number on audit_log (number, id);
      create index ix_audit_log_at on audit_log (at, id);
      create index ix_audit_log_action on audit_log (action, at, id);
      create index ix_audit_log_actor on audit_log (actor_id, at, id);
      create index ix_audit_log_subject on audit_log (subject, at, id);

      create function refuse_audit_change() returns trigger language plpgsql as $$
      begin
        raise exception 'audit_log is append-only: no %', lower(tg_op) using errcode = 'insufficient_privilege';
      end $$;
      create trigger tr_audit_log_append_only before update or delete or truncate on audit_log
        for each statement execute function refuse_audit_change();

      -- A row: it is maintenance.
      create table maintenance (
        is_only    boolean        not null constraint pk_maintenance primary key
                                  constraint ck_maintenance_only check (is_only),
        -- of this stay, so that whoever entered leaves no other
        id         uuid           not null,
        reason     text           not null,
        entered_at timestamptz(3) not null,
        entered_by text           not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table maintenance, audit_log;
      drop function refuse_audit_change;
    `);
  }
}
