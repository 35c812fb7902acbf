import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { errorMessage } from '../resilience/error-code.js';
import type { BackupMetadata } from './backup-metadata.js';
import { BackupScript } from './backup-script.js';
import { databaseUrl } from './backup-writer.js';
import { countRows } from './database-snapshot.js';
import { openOwnSession } from './own-session.js';
import { beginEmpty } from './restore-script.js';
import type { RunProgress } from './run-progress.js';
import { ScriptLoader } from './script-loader.js';

/** What a trial restore found in a table. */
export interface TrialTable {
  readonly table: string;
  readonly expectedRows: number;
  readonly rows: number;
}

/** Begins the names of databases for trials. */
const SCRATCH = 'otklik_trial_';

/** Finds out whether a backup can be brought back, without touching what is there. */
@Injectable()
export class BackupVerifier {
  constructor(
    private readonly script: BackupScript,
    private readonly loader: ScriptLoader,
    private readonly dataSource: DataSource,
  ) {}

  /** @throws DamagedBackupError where the file is not what was written */
  checkFile(metadata: BackupMetadata, progress: RunProgress): Promise<void> {
    return this.script.check(metadata, progress);
  }

  /**
   * Restores into a database that is made for it and dropped afterwards, and counts.
   *
   * @throws Error with the reason where the backup cannot be brought back
   */
  async tryRestore(id: string, metadata: BackupMetadata, progress: RunProgress): Promise<TrialTable[]> {
    const database = `${SCRATCH}${id.replaceAll('-', '')}`;
    await this.onServer(undefined, async (client) => {
      await dropLeftovers(client);
      await client.query(`create database ${database} template template0`).catch((error) => {
        throw new Error(`No database could be made for the trial: ${errorMessage(error)}`, { cause: error });
      });
    });
    try {
      await this.loader.load(
        metadata,
        { database, before: beginEmpty(metadata.schema), after: 'commit;\n' },
        progress,
      );
      progress.begin('counting', undefined);
      const found = await this.onServer(database, (client) => countRows(client, metadata.schema));
      return Object.entries(metadata.rowCounts).map(([table, expectedRows]) => ({
        table,
        expectedRows,
        rows: found[table] ?? 0,
      }));
    } finally {
      await this.onServer(undefined, (client) => client.query(`drop database ${database} with (force)`));
    }
  }

  /** On a connection of its own, which has the time it needs. */
  private async onServer<T>(
    database: string | undefined,
    work: (client: pg.Client) => Promise<T>,
  ): Promise<T> {
    const url = new URL(databaseUrl(this.dataSource));
    if (database !== undefined) url.pathname = `/${database}`;
    const client = await openOwnSession(url.href);
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Whoever was killed during a trial left its database; one trial goes on at a time, so nobody needs it. */
async function dropLeftovers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database
      where starts_with(datname, $1) and pg_catalog.pg_get_userbyid(datdba) = current_user
        and not exists (select from pg_stat_activity activity where activity.datname = pg_database.datname)`,
    [SCRATCH],
  );
  for (const { name } of rows) await client.query(`drop database if exists ${pg.escapeIdentifier(name)}`);
}
