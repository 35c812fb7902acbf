import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ApiClient } from '../support/api-client.js';
import { OtklikProcess } from '../support/otklik-process.js';

/** What is killed, each with `kill -9`, except for the connection, which PostgreSQL is told to drop. */
export const VICTIMS = ['otklik', 'postgres', 'backend', 'connection'] as const;
export type Victim = (typeof VICTIMS)[number];

/** How long PostgreSQL may take to come back, in milliseconds. */
const RECOVERY_LIMIT = 60_000;

/** A real Otklik with its own PostgreSQL, and every way to kill them. */
export class Victims {
  private constructor(
    private otklik: OtklikProcess,
    private readonly folder: string,
    private client: ApiClient,
  ) {}

  /** @param folder gets the data directory, and the log of every Otklik that runs in it */
  static async start(folder: string): Promise<Victims> {
    const otklik = await startProcess(folder);
    return new Victims(otklik, folder, new ApiClient(otklik.url, otklik.apiKey));
  }

  /** The way to the Otklik that runs now. */
  get api(): ApiClient {
    return this.client;
  }

  /**
   * Kills one of them, and waits until it is there again. Only Otklik itself needs somebody to start it; the
   * others have to come back by themselves.
   */
  async kill(victim: Victim, random: () => number): Promise<void> {
    if (victim === 'otklik') {
      await this.otklik.kill('SIGKILL');
      this.otklik = await startProcess(this.folder, this.otklik.apiKey);
      this.client.close();
      this.client = new ApiClient(this.otklik.url, this.otklik.apiKey);
    } else if (victim === 'postgres') {
      const { pid } = this.postmaster();
      process.kill(pid, 'SIGKILL');
      await this.comesBack(async () => this.postmaster().pid !== pid && this.postmaster().isReady);
    } else {
      await this.killBackend(victim, random);
    }
  }

  /** Runs SQL as the owner of the database. */
  async query<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl() });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql, [...parameters])).rows as T[];
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.otklik.stop();
  }

  private async killBackend(victim: 'backend' | 'connection', random: () => number): Promise<void> {
    const backends = await this.backends();
    const backend = backends[Math.floor(random() * backends.length)];
    if (backend === undefined)
      throw new Error('Otklik has no connection to its database that could be killed.');
    if (victim === 'backend') process.kill(backend, 'SIGKILL');
    else await this.query('select pg_terminate_backend($1)', [backend]);
    await this.comesBack(async () => !(await this.backends()).includes(backend));
  }

  /** Waits until PostgreSQL is back. What cannot be asked yet counts as not there. */
  private async comesBack(isThere: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + RECOVERY_LIMIT; Date.now() < deadline; await delay(5)) {
      if (this.otklik.exitCode !== null) {
        throw new Error(
          `Otklik died with its database: exit code ${this.otklik.exitCode}, see ${this.folder}.`,
        );
      }
      if (await isThere().catch(() => false)) return;
    }
    throw new Error(`PostgreSQL was not back within ${RECOVERY_LIMIT} ms, see ${this.folder}.`);
  }

  private async backends(): Promise<number[]> {
    const rows = await this.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'otklik' order by pid",
    );
    return rows.map(({ pid }) => pid);
  }

  private postmaster(): { pid: number; port: number; isReady: boolean } {
    const lines = readFileSync(join(this.folder, 'data', 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
  }

  databaseUrl(): string {
    const password = readFileSync(join(this.folder, 'data', 'secrets', 'database-password'), 'utf8').trim();
    return `postgres://otklik:${password}@127.0.0.1:${this.postmaster().port}/postgres`;
  }
}

function startProcess(folder: string, apiKey?: string): Promise<OtklikProcess> {
  return OtklikProcess.start({
    dataDir: join(folder, 'data'),
    onLine: (line) => appendFileSync(join(folder, 'otklik.log'), `${line}\n`),
    env: { RATE_LIMIT: 'off', LOG_LEVEL: 'info', ...(apiKey !== undefined && { ADMIN_API_KEY: apiKey }) },
  });
}
