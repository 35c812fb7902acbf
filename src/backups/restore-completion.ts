import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Routine } from '../database/routines.js';
import { upgradeSchema } from '../database/schema-upgrade.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { databaseUrl } from './backup-writer.js';
import { openOwnSession } from './own-session.js';
import { carryOver, END_CONNECTIONS, moveExtensions } from './restore-script.js';

/** Injection token of the routines that have to be there after a restore. */
export const RESTORED_ROUTINES = Symbol('RestoredRoutines');

/** Begins the name of the schema in which what was before a restore waits for the new one to work. */
const ASIDE = 'otklik_before_';

/** Begins the name that it has afterwards, until it is dropped. */
const DONE = 'otklik_done_';

/** What follows the commit of a restore: the schema is brought up to date, and what was before is dropped. */
@Injectable()
export class RestoreCompletion {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(RESTORED_ROUTINES) private readonly routines: readonly Routine[],
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** The name of the schema in which what is there waits during a restore. */
  asideOf(id: string): string {
    return ASIDE + id.replaceAll('-', '');
  }

  /** The schema that waits for the end of a restore whose commit was its process's last deed. */
  async waiting(): Promise<{ schema: string; aside: string } | undefined> {
    return this.asAdministrator(async (client) => {
      const { rows } = await client.query<{ schema: string; aside: string }>(
        `select current_schema() as schema, nspname as aside from pg_namespace where starts_with(nspname, $1)`,
        [ASIDE],
      );
      return rows[0];
    });
  }

  /**
   * @returns the steps of the schema that a backup of an earlier version lacked
   * @throws Error with the reason; everything is as before the restore then
   */
  async complete(schema: string, aside: string): Promise<string[]> {
    const done = DONE + aside.slice(ASIDE.length);
    let added: string[];
    try {
      added = await this.upgrade();
      await this.execute(
        `begin; ${carryOver(schema, aside, 'missing')}
         alter schema ${pg.escapeIdentifier(aside)} rename to ${pg.escapeIdentifier(done)}; commit;`,
      );
    } catch (error) {
      await this.takeBack(schema, aside);
      throw error;
    }
    if (added.length > 0)
      this.log.info({ migrations: added }, 'The schema of the backup was brought up to date.');
    await this.dropDone();
    return added;
  }

  /** A backup of an earlier version gets what came since; each gets the functions of this version. */
  private async upgrade(): Promise<string[]> {
    const { startWait } = this.config.database;
    await this.forgetConnections();
    const there: { name: string }[] = await this.dataSource.query('select name from migrations');
    await upgradeSchema(this.dataSource, databaseUrl(this.dataSource), this.routines, startWait);
    const known = new Set(there.map(({ name }) => name));
    return this.dataSource.migrations.flatMap(({ name = '' }) => (known.has(name) ? [] : [name]));
  }

  private async takeBack(schema: string, aside: string): Promise<void> {
    const name = pg.escapeIdentifier(schema);
    await this.execute(
      `begin; ${moveExtensions(schema, aside)} drop schema ${name} cascade;
       alter schema ${pg.escapeIdentifier(aside)} rename to ${name}; commit;
       ${END_CONNECTIONS}`,
    );
    await this.forgetConnections();
  }

  /** All were ended, and the pool finds it out of each as it is used: what comes next, audit and maintenance, must work. */
  private async forgetConnections(): Promise<void> {
    const all = Array.from({ length: this.config.database.poolMax }, () => this.dataSource.query('select 1'));
    await Promise.allSettled(all);
  }

  /** What cannot be dropped now is dropped after the next restore. */
  private async dropDone(): Promise<void> {
    try {
      await this.asAdministrator(async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `select nspname as name from pg_namespace where starts_with(nspname, $1)`,
          [DONE],
        );
        for (const { name } of rows) await client.query(`drop schema ${pg.escapeIdentifier(name)} cascade`);
      });
    } catch (error) {
      this.log.warn(`What was before a restore was not dropped yet: ${errorMessage(error)}`);
    }
  }

  private execute(sql: string): Promise<void> {
    return this.asAdministrator(async (client) => {
      await client.query(sql);
    });
  }

  /** On a connection that nobody ends, and that has the time it needs. */
  private async asAdministrator<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await openOwnSession(databaseUrl(this.dataSource));
    try {
      await client.query(`set statement_timeout = 0; set lock_timeout = ${this.config.backups.lockWait}`);
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
