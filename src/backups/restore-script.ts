import pg from 'pg';
import type { BackupMetadata } from './backup-metadata.js';

/**
 * Tables that a restore does not take back: what was done, by whom, and in what state the system is now, of which
 * others were told. Their rows are carried over from before, in this order; those of the first kind, which are written
 * ever further, stand behind the backup's.
 */
export const CARRIED_OVER = {
  appended: ['audit_log'],
  replaced: ['backup_runs', 'maintenance', 'background_processes', 'alerts', 'alert_notices'],
} as const;

/** Begins: what is there steps aside, unseen by others before the commit, and makes room for what comes. */
export function stepAside(schema: string, aside: string, lockWait: number): string {
  const name = pg.escapeIdentifier(schema);
  return `
    set idle_in_transaction_session_timeout = 0; set lock_timeout = ${lockWait};
    begin;
    alter schema ${name} rename to ${pg.escapeIdentifier(aside)};
    create schema ${name};
    ${moveExtensions(aside, schema)}
  `;
}

/** Extensions are no part of a backup: those that somebody has put beside our tables stay where they are. */
export function moveExtensions(from: string, to: string): string {
  return `
    do $extensions$
    declare
      name text;
    begin
      for name in
        select extname from pg_extension
         where extnamespace = to_regnamespace(${pg.escapeLiteral(pg.escapeIdentifier(from))})
      loop
        execute format('alter extension %I set schema %I', name, ${pg.escapeLiteral(to)});
      end loop;
    end $extensions$;
  `;
}

/** Begins in a database that has nothing but its schema. */
export function beginEmpty(schema: string): string {
  const name = pg.escapeIdentifier(schema);
  return `begin; drop schema if exists ${name}; create schema ${name};\n`;
}

/** Fails where a table has not as many rows as were counted when the backup was made. */
export function checkRowCounts({ schema, rowCounts }: BackupMetadata): string {
  return `
    do $check$
    declare
      expected record;
      found bigint;
    begin
      for expected in select key, value::bigint from jsonb_each_text(${literal(rowCounts)}) loop
        execute format('select count(*) from %I.%I', ${pg.escapeLiteral(schema)}, expected.key) into found;
        if found <> expected.value then
          raise exception 'the table % has % rows, and had % when it was backed up', expected.key, found, expected.value;
        end if;
      end loop;
    end $check$;
  `;
}

/**
 * Carries over what a restore does not take back, as far as both sides have it. Numbers are given out behind those
 * that were given out before: who reads events remembers how far he is.
 *
 * @param rows missing: only those that were not carried over yet, because their table came with an upgrade
 */
export function carryOver(schema: string, aside: string, rows: 'all' | 'missing'): string {
  return `
    do $carry$
    declare
      it record;
      columns text;
      at bigint;
    begin
      for it in
        select kept.name, kept.appended
          from (values ${kept()}) kept (place, name, appended)
         where to_regclass(format('%I.%I', ${pg.escapeLiteral(schema)}, kept.name)) is not null
           and to_regclass(format('%I.%I', ${pg.escapeLiteral(aside)}, kept.name)) is not null
         order by kept.place
      loop
        -- Enumerations are other types than before: they pass as text.
        select string_agg(format('%I', attname), ', ') into columns
          from pg_attribute
         where attrelid = format('%I.%I', ${pg.escapeLiteral(schema)}, it.name)::regclass
           and attnum > 0 and not attisdropped and attgenerated = '';
        if not it.appended and ${rows === 'all'} then
          execute format('delete from %I.%I', ${pg.escapeLiteral(schema)}, it.name);
        end if;
        execute format(
          'insert into %1$I.%3$I (%4$s) overriding system value
             select %4$s
               from (select to_json(old) as former from %2$I.%3$I old) rows,
                    json_populate_record(null::%1$I.%3$I, rows.former)
             on conflict do nothing',
          ${pg.escapeLiteral(schema)}, ${pg.escapeLiteral(aside)}, it.name, columns);
      end loop;
      for it in
        select now.relname as name
          from pg_class now
          join pg_class old on old.relname = now.relname and old.relkind = 'S'
         where now.relkind = 'S'
           and now.relnamespace = to_regnamespace(${pg.escapeLiteral(pg.escapeIdentifier(schema))})
           and old.relnamespace = to_regnamespace(${pg.escapeLiteral(pg.escapeIdentifier(aside))})
      loop
        execute format('select greatest(now.last_value, old.last_value) from %1$I.%3$I now, %2$I.%3$I old',
          ${pg.escapeLiteral(schema)}, ${pg.escapeLiteral(aside)}, it.name) into at;
        execute format('select setval(%L, %s)', format('%I.%I', ${pg.escapeLiteral(schema)}, it.name), at);
      end loop;
    end $carry$;
  `;
}

/** Ends the connections of all others, and waits up to 5 s for it: they have plans and types in mind that are gone. */
export const END_CONNECTIONS = `
  select pg_terminate_backend(pid, 5000) from pg_stat_activity
   where datname = current_database() and pid <> pg_backend_pid() and usename = current_user
     and application_name like 'otklik%' and application_name <> 'otklik backups';
`;

function literal(value: unknown): string {
  return `${pg.escapeLiteral(JSON.stringify(value))}::jsonb`;
}

function kept(): string {
  return Object.entries(CARRIED_OVER)
    .flatMap(([kind, names]) => names.map((name) => [name, kind === 'appended'] as const))
    .map(([name, isAppended], place) => `(${place}, ${pg.escapeLiteral(name)}, ${isAppended})`)
    .join(', ');
}
