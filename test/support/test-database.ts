import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { loadConfig } from '../../src/config/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { isConflict } from '../../src/database/database-errors.js';
import { upgradeSchema } from '../../src/database/schema-upgrade.js';
import { ENTITIES } from '../../src/entities.js';
import { ROUTINES } from '../../src/routines.js';
import { CapturedLog } from './captured-log.js';
import { eventually } from './eventually.js';

const TEMPLATE = 'otklik_template';

/** Any number that nothing else in the cluster locks. */
const TEMPLATE_LOCK = 20_261_121;

/** How often a spec's own statements begin again. */
const DEADLOCKS = 5;

/** The tables that a message leaves its traces in. */
export const TABLES = [
  'clients',
  'conversations',
  'messages',
  'reminders',
  'escalations',
  'events',
  'idempotency_records',
] as const;

export type Table = (typeof TABLES)[number];

/** A database of a spec's own in the PostgreSQL of the run. */
export class TestDatabase {
  private readonly pool: pg.Pool;

  private constructor(
    readonly url: string,
    private readonly remove: () => Promise<void>,
  ) {
    this.pool = new pg.Pool({ connectionString: url, max: 4 });
    this.pool.on('error', () => undefined);
  }

  /** A copy of the migrated template. */
  static create(): Promise<TestDatabase> {
    return TestDatabase.make(TEMPLATE);
  }

  /** A database without anything. */
  static createEmpty(): Promise<TestDatabase> {
    return TestDatabase.make('template0');
  }

  /** A database that belongs to somebody else. */
  static at(url: string): TestDatabase {
    return new TestDatabase(url, async () => undefined);
  }

  private static async make(template: string): Promise<TestDatabase> {
    const name = `otklik_${randomBytes(6).toString('hex')}`;
    await asServer(async (server) => {
      if (template === TEMPLATE) await ensureTemplate(server);
      await server.query(`create database ${name} template ${template}`);
    });
    return new TestDatabase(urlOf(name), () =>
      asServer(async (server) => {
        await server.query(`drop database ${name} with (force)`);
      }),
    );
  }

  async query<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, [...parameters])).rows;
  }

  /**
   * Runs several statements, which are the spec's own, in one transaction. They lock in another order than the
   * application, which may be at work on the same rows: like the application, they begin again after a deadlock.
   */
  async execute(sql: string): Promise<void> {
    for (let left = DEADLOCKS; ; left--) {
      try {
        await this.pool.query(sql);
        return;
      } catch (error) {
        if (!isConflict(error) || left === 0) throw error;
      }
    }
  }

  /** How many rows each table has. */
  async countRows(): Promise<Record<Table, number>> {
    const counts = await Promise.all(
      TABLES.map(async (table) => {
        const [row] = await this.query<{ count: number }>(`select count(*)::int as count from ${table}`);
        return [table, row?.count ?? 0] as const;
      }),
    );
    return Object.fromEntries(counts) as Record<Table, number>;
  }

  /** Runs the work while a transaction of the spec's own has done the given; it is rolled back afterwards. */
  during<T>(sql: string, work: () => Promise<T>): Promise<T> {
    return this.inTransaction(sql, work, 'rollback');
  }

  /** The same; it is committed afterwards. */
  commitAfter<T>(sql: string, work: () => Promise<T>): Promise<T> {
    return this.inTransaction(sql, work, 'commit');
  }

  private async inTransaction<T>(
    sql: string,
    work: () => Promise<T>,
    end: 'commit' | 'rollback',
  ): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      await client.query(sql);
      return await work();
    } finally {
      await client.query(end);
      client.release();
    }
  }

  /** Runs the work in a transaction that is rolled back. */
  async rolledBack<T>(
    work: (
      query: <Row extends object>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>,
    ) => Promise<T>,
  ): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      return await work(
        async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
          (await client.query<Row>(sql, [...parameters])).rows,
      );
    } finally {
      await client.query('rollback');
      client.release();
    }
  }

  /** Waits until so many of the application's statements wait for a lock. */
  async untilBlocked(count: number): Promise<void> {
    await eventually(
      () =>
        this.query(
          `select from pg_stat_activity
            where datname = current_database() and application_name = 'otklik' and wait_event_type = 'Lock'`,
        ),
      (blocked) => blocked.length >= count,
    );
  }

  async drop(): Promise<void> {
    await this.pool.end();
    await this.remove();
  }
}

/** The first spec that needs the template makes it; the others, in other processes, wait for it. */
async function ensureTemplate(server: pg.Client): Promise<void> {
  await server.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rowCount } = await server.query('select from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount !== 0) return;
    const draft = `${TEMPLATE}_draft`;
    await server.query(`drop database if exists ${draft}`);
    await server.query(`create database ${draft}`);
    const { database } = loadConfig({});
    const dataSource = createDataSource(urlOf(draft), database, ENTITIES, new CapturedLog().log);
    await dataSource.initialize();
    await upgradeSchema(dataSource, urlOf(draft), ROUTINES, database.startWait);
    await dataSource.destroy();
    await server.query(`alter database ${draft} rename to ${TEMPLATE}`);
  } finally {
    await server.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

async function asServer(work: (server: pg.Client) => Promise<void>): Promise<void> {
  const server = new pg.Client({ connectionString: serverUrl() });
  await server.connect();
  try {
    await work(server);
  } finally {
    await server.end();
  }
}

function serverUrl(): string {
  const url = process.env.OTKLIK_TEST_DATABASE_URL;
  if (!url) throw new Error('There is no PostgreSQL for this run: is globalSetup in jest.config.js?');
  return url;
}

function urlOf(database: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  return url.href;
}
