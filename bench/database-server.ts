import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DataDirectory } from '../src/database/data-directory.js';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import type { Cleanup } from './cleanup.js';

/** Settings without which "committed" would not mean "on disk". */
const GUARANTEES = ['fsync', 'synchronous_commit', 'full_page_writes'];
const PUBLISHED = ['server_version', ...GUARANTEES, 'shared_buffers', 'max_wal_size', 'max_connections'];

/** The one PostgreSQL that all contenders share, each with a database of its own; gone after the run. */
export class DatabaseServer {
  private constructor(
    /** A folder that is removed in the end. */
    readonly folder: string,
    private readonly embedded: EmbeddedPostgres,
    private readonly connection: pg.Client,
  ) {}

  /** @param settings of PostgreSQL, on top of those that Otklik gives it; they need a restart */
  static async start(
    cleanup: Cleanup,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<DatabaseServer> {
    const folder = mkdtempSync(join(tmpdir(), 'otklik-bench-'));
    await cleanup.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const directory = await DataDirectory.open(folder);
    await cleanup.defer(() => directory.close());
    const log = {
      info: () => undefined,
      // In the end it tells of every connection of a contender that was stopped a moment ago.
      warn: (message: string) => (cleanup.hasBegun ? undefined : console.error(message)),
    };
    const options = { port: 0, startWait: 60_000, log };
    if (Object.keys(settings).length > 0) {
      const first = await EmbeddedPostgres.start(directory, options);
      for (const [name, value] of Object.entries(settings)) {
        await queryOnce(first.url, `alter system set ${name} = ${value}`);
      }
      await first.stop();
    }
    const embedded = await EmbeddedPostgres.start(directory, options);
    await cleanup.defer(() => embedded.stop());
    const connection = new pg.Client({ connectionString: embedded.url });
    await connection.connect();
    await cleanup.defer(() => connection.end());
    return new DatabaseServer(folder, embedded, connection);
  }

  /**
   * Makes an empty database, or a copy of another one that nobody is connected to.
   *
   * @returns its address
   */
  async createDatabase(name: string, original?: string): Promise<string> {
    const copied = original ? ` template ${pg.escapeIdentifier(original)} strategy file_copy` : '';
    await this.connection.query(`create database ${pg.escapeIdentifier(name)}${copied}`);
    const url = new URL(this.embedded.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** Writes out what the last contender left in memory, so that the next does not pay for it. */
  async checkpoint(): Promise<void> {
    await this.connection.query('checkpoint');
  }

  async settings(): Promise<Record<string, string>> {
    const { rows } = await this.connection.query<{ name: string; value: string }>(
      'select name, current_setting(name) as value from pg_settings where name = any($1) order by name',
      [PUBLISHED],
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }
}

/** What would make a figure better than it is entitled to be; empty for an honest run. */
export function missingGuarantees(settings: Readonly<Record<string, string>>, fileSystem: string): string[] {
  const off = GUARANTEES.filter((name) => settings[name] !== 'on').map(
    (name) => `${name} is ${settings[name] ?? 'unknown'}: a crash may lose what was answered with 201`,
  );
  const inMemory = fileSystem === 'tmpfs' ? ['the database was on tmpfs: in memory, not on a disk'] : [];
  return [...off, ...inMemory];
}

/** Opens a connection that is closed in the end; it need not hear that its server has ended before it. */
export async function openConnection(url: string, cleanup: Cleanup): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await cleanup.defer(() => client.end());
  return client;
}

/** Runs statements on a connection of their own. @returns the rows of the last */
export async function queryOnce<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(sql);
    return rows;
  } finally {
    await client.end();
  }
}
