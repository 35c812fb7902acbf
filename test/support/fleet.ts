import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { ApiClient } from './api-client.js';
import { OtklikProcess } from './otklik-process.js';

/** What can happen to a worker: `kill -9`, or PostgreSQL drops one of its connections. */
export const MISHAPS = ['worker', 'worker', 'connection'] as const;
export type Mishap = (typeof MISHAPS)[number];

/** How often something claimed is looked for before a worker is killed all the same. */
const MOST_LOOKS = 1_000;

export interface FleetOptions {
  /** Gets the data directory and every log. */
  readonly folder: string;
  readonly workers: number;
  /** Settings of the workers; those that the API has to know as well. */
  readonly workerSettings: Readonly<Record<string, string>>;
  readonly apiSettings?: Readonly<Record<string, string>>;
  /** A query that finds something where a worker has claimed something, which makes it a good moment for a kill. */
  readonly claimed: string;
}

/** One Otklik for the API, which is left alone, and several workers on its database, which are not. */
export class Fleet {
  private readonly workers: OtklikProcess[] = [];

  private constructor(
    private readonly owner: OtklikProcess,
    private readonly encryptionKey: string,
    private readonly options: FleetOptions,
    readonly api: ApiClient,
  ) {}

  static async start(options: FleetOptions): Promise<Fleet> {
    const { folder, workers, apiSettings = {} } = options;
    const encryptionKey = randomBytes(32).toString('base64');
    const owner = await OtklikProcess.start({
      dataDir: join(folder, 'data'),
      onLine: (line) => appendFileSync(join(folder, 'api.log'), `${line}\n`),
      env: { ROLES: 'api', RATE_LIMIT: 'off', SECRET_ENCRYPTION_KEY: encryptionKey, ...apiSettings },
    });
    const fleet = new Fleet(owner, encryptionKey, options, new ApiClient(owner.url, owner.apiKey));
    try {
      for (let number = 0; number < workers; number++) await fleet.startWorker(number);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  /**
   * Lets something happen to one of the workers; a killed one is started again.
   *
   * @returns when it happened, in milliseconds since 1970
   */
  async strike(mishap: Mishap, random: () => number): Promise<number> {
    if (mishap === 'worker') {
      await this.untilSomethingIsClaimed();
      const number = Math.floor(random() * this.workers.length);
      const at = Date.now();
      await this.workers[number]?.kill('SIGKILL');
      await this.startWorker(number);
      return at;
    }
    const backends = await this.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name like 'otklik%' order by pid",
    );
    const backend = backends[Math.floor(random() * backends.length)];
    const at = Date.now();
    if (backend) await this.query('select pg_terminate_backend($1)', [backend.pid]);
    return at;
  }

  /** A kill between two batches would show little. */
  private untilSomethingIsClaimed(): Promise<void> {
    return this.withConnection(async (query) => {
      for (let looks = 0; looks < MOST_LOOKS; looks++) {
        const claimed = await query(this.options.claimed);
        if (claimed.length > 0) return;
      }
    });
  }

  query<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return this.withConnection((query) => query<T>(sql, parameters));
  }

  /** Gives the work a connection of its own. */
  async withConnection<R>(
    work: (query: <T>(sql: string, parameters?: readonly unknown[]) => Promise<T[]>) => Promise<R>,
  ): Promise<R> {
    const client = new pg.Client({ connectionString: this.databaseUrl() });
    await client.connect();
    try {
      return await work(
        async <T>(sql: string, parameters: readonly unknown[] = []) =>
          (await client.query(sql, [...parameters])).rows as T[],
      );
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    this.api.close();
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.owner.stop();
  }

  databaseUrl(): string {
    const data = join(this.options.folder, 'data');
    const password = readFileSync(join(data, 'secrets', 'database-password'), 'utf8').trim();
    const port = readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3];
    return `postgres://otklik:${password}@127.0.0.1:${port}/postgres`;
  }

  private async startWorker(number: number): Promise<void> {
    this.workers[number] = await OtklikProcess.start({
      onLine: (line) => appendFileSync(join(this.options.folder, 'workers.log'), `${line}\n`),
      env: {
        ROLES: 'worker',
        RATE_LIMIT: 'off',
        ...this.options.workerSettings,
        DATABASE_URL: this.databaseUrl(),
        ADMIN_API_KEY: this.owner.apiKey,
        SECRET_ENCRYPTION_KEY: this.encryptionKey,
      },
    });
  }
}
