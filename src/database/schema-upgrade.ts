import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import type { Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { isPooled } from './data-source.js';
import { isUnavailable } from './database-errors.js';
import { installRoutines, type Routine } from './routines.js';

/** Any number will do, as long as nothing else in the database locks it: "otklik" in ASCII. */
const MIGRATION_LOCK = 0x6f746b6c696b;

/**
 * Waits for PostgreSQL to answer, so that Otklik can be started before its database.
 *
 * @param calledOff ends the waiting at once
 * @throws an error that names the database and the last reason, after `limit` milliseconds
 */
export async function waitForDatabase(
  url: string,
  limit: number,
  log: Log,
  calledOff?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + limit;
  for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', (error) => log.debug({ err: error }, 'connection lost while waiting'));
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (!isUnavailable(error) || Date.now() + pause > deadline) {
        const { hostname, port, pathname } = new URL(url);
        const database = `${pathname.slice(1)} at ${hostname}:${port || 5432}`;
        throw new Error(`The database ${database} cannot be used: ${errorMessage(error)}`, { cause: error });
      }
      log.warn(`The database does not answer yet (${errorMessage(error)}); trying again.`);
      await delay(pause, undefined, calledOff && { signal: calledOff });
    }
  }
}

/** How long to wait before the lock is asked for again, in milliseconds. */
const LOCK_PAUSE = 100;

/**
 * Asks again and again instead of waiting inside a statement: one that waits holds a snapshot, and an index that is
 * built concurrently waits for every snapshot to end.
 */
async function takeLock(client: pg.Client, limit: number): Promise<void> {
  const deadline = Date.now() + limit;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]?.taken) return;
    if (Date.now() + LOCK_PAUSE > deadline) {
      throw new Error(
        `Another process holds the migration lock since more than ${Math.round(limit / 1000)} s (DATABASE_START_WAIT).`,
      );
    }
    await delay(LOCK_PAUSE);
  }
}

/**
 * Brings the schema up to date. One process at a time does it, under an advisory lock that dies with its
 * connection; the others wait, and then find nothing left to do.
 *
 * @param url leads to PostgreSQL itself: behind a pooler, nobody knows whose session a lock is in
 * @param limit milliseconds to wait for the lock
 */
export async function upgradeSchema(
  dataSource: DataSource,
  url: string,
  routines: readonly Routine[],
  limit: number,
): Promise<void> {
  const lock = new pg.Client({ connectionString: url, application_name: 'otklik migrations' });
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await takeLock(lock, limit);
    await beyondPooler(dataSource, url, (direct) => upgrade(direct, routines));
  } finally {
    await lock.end();
  }
}

async function upgrade(dataSource: DataSource, routines: readonly Routine[]): Promise<void> {
  await dataSource.runMigrations({ transaction: 'each' });
  const runner = dataSource.createQueryRunner();
  try {
    await installRoutines(runner, routines);
  } finally {
    await runner.release();
  }
}

/** Does the work past a pooler, which would cut short what takes long. */
async function beyondPooler(
  dataSource: DataSource,
  url: string,
  work: (direct: DataSource) => Promise<void>,
): Promise<void> {
  if (!isPooled(dataSource)) return work(dataSource);
  const direct = await new DataSource({
    ...dataSource.options,
    url,
  } as PostgresDataSourceOptions).initialize();
  try {
    await work(direct);
  } finally {
    await direct.destroy();
  }
}
