import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { QueryRunner } from 'typeorm';
import { packageFolder } from '../config/package-folder.js';

/**
 * A function that runs inside PostgreSQL, kept as one `.sql` file beside the code that calls it. It is installed
 * under its name and a digest of its text, so that two versions of Otklik can work on one database during a
 * rollout, each with its own rule, and an edit needs no migration.
 */
export interface Routine {
  /** The name without the digest. */
  readonly base: string;
  /** The name to call it by, digest included. */
  readonly name: string;
  readonly sql: string;
}

/** Stands in the file where the function's name goes. */
const NAME = '__name__';

/**
 * Reads a routine from its file.
 *
 * @param file path below `src/`
 */
export function readRoutine(base: string, file: string): Routine {
  const sql = readFileSync(join(packageFolder(import.meta.url), 'src', file), 'utf8');
  if (!sql.includes(NAME)) throw new Error(`${file} does not name its function ${NAME}`);
  const digest = createHash('sha256').update(sql).digest('hex').slice(0, 12);
  const name = `${base}_${digest}`;
  return { base, name, sql: sql.replaceAll(NAME, name) };
}

/**
 * Drops all versions but the given one and the one before it, which processes of the version before may still call.
 * Its types, named after it, go with it.
 */
async function dropOutdated(runner: QueryRunner, base: string, current: string): Promise<void> {
  const outdated: { name: string; identity: string }[] = await runner.query(
    `select proname as name, oid::regprocedure::text as identity from pg_proc
      where proname ~ ('^' || $1 || '_[0-9a-f]{12}$') and proname <> $2
      order by oid desc offset 1`,
    [base, current],
  );
  for (const { name, identity } of outdated) {
    await runner.query(`drop function ${identity}`);
    const types: { identity: string }[] = await runner.query(
      "select oid::regtype::text as identity from pg_type where typname ~ ('^' || $1 || '_') and typtype = 'c'",
      [name],
    );
    for (const type of types) await runner.query(`drop type ${type.identity}`);
  }
}

/** Installs the routines that the database does not have yet. */
export async function installRoutines(runner: QueryRunner, routines: readonly Routine[]): Promise<void> {
  for (const { base, name, sql } of routines) {
    const [found] = await runner.query('select 1 from pg_proc where proname = $1', [name]);
    if (found) continue;
    await runner.query(sql);
    await dropOutdated(runner, base, name);
  }
}
