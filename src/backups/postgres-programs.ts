import { execFile } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError } from '../errors/domain-error.js';
import { errorCode, errorMessage } from '../resilience/error-code.js';

const run = promisify(execFile);

/** How long a program may take to say its version, in milliseconds. */
const VERSION_LIMIT = 10_000;

const INSTALL =
  "Install PostgreSQL's client programs (Debian: apt-get install postgresql-client), or set PG_DUMP_PATH.";

export interface Versions {
  readonly pgDump: string;
  readonly postgres: string;
}

/** Where PostgreSQL's own programs are, which make backups and bring them back, and whether they will do. */
@Injectable()
export class PostgresPrograms {
  readonly pgDump: string;
  readonly pgRestore: string;
  readonly psql: string;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    const { pgDump } = config.backups;
    const beside = (name: string) => (basename(pgDump) === pgDump ? name : join(dirname(pgDump), name));
    this.pgDump = pgDump;
    this.pgRestore = beside('pg_restore');
    this.psql = beside('psql');
  }

  /**
   * The versions of pg_dump and of the server; a pg_dump that is older than its server refuses to work.
   *
   * @param database asks the server; whoever probes says on which connection
   * @throws DomainError `backup_unavailable` for a program that is missing or too old
   */
  async check(database: Pick<EntityManager, 'query'> = this.dataSource): Promise<Versions> {
    const [pgDump, , , postgres] = await Promise.all([
      versionOf(this.pgDump),
      versionOf(this.pgRestore),
      versionOf(this.psql),
      serverVersion(database),
    ]);
    if (Number.parseInt(pgDump, 10) < Number.parseInt(postgres, 10)) {
      throw unavailable(
        `${this.pgDump} is version ${pgDump}, too old for PostgreSQL ${postgres}. ${INSTALL}`,
      );
    }
    return { pgDump, postgres };
  }
}

async function serverVersion(database: Pick<EntityManager, 'query'>): Promise<string> {
  const [row]: { version: string }[] = await database.query(
    `select split_part(current_setting('server_version'), ' ', 1) as version`,
  );
  if (!row) throw new Error('PostgreSQL does not say its version.');
  return row.version;
}

async function versionOf(program: string): Promise<string> {
  let answer: string;
  try {
    answer = (await run(program, ['--version'], { timeout: VERSION_LIMIT })).stdout;
  } catch (error) {
    throw unavailable(`${program} ${reasonOf(error)}. ${INSTALL}`);
  }
  const version = /(\d+(?:\.\d+)*)/.exec(answer.slice(answer.indexOf(')') + 1))?.[1];
  if (version === undefined) throw unavailable(`${program} does not say its version: ${answer.trim()}`);
  return version;
}

function reasonOf(error: unknown): string {
  if (errorCode(error) === 'ENOENT') return 'is missing';
  const isKilled = typeof error === 'object' && error !== null && 'killed' in error && error.killed === true;
  if (isKilled) return `does not say its version within ${VERSION_LIMIT / 1_000} s`;
  return `does not work (${errorMessage(error).trim()})`;
}

function unavailable(detail: string): DomainError {
  return new DomainError('unavailable', 'backup_unavailable', detail);
}
