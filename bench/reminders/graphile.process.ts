import { EventEmitter } from 'node:events';
import { Logger, type Runner, run, runMigrations, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { serve } from './child-process.js';
import { assertOnce, type Contender, leadTime, untilSo } from './contender.js';
import { GRAPHILE_CONNECTIONS, GRAPHILE_SETTINGS } from './queue-settings.js';

const JOBS = 'graphile_worker._private_jobs';
const TASK = 'trivial';
const silent = new Logger(() => () => undefined);

interface Payload {
  readonly number: number;
  /** Milliseconds. */
  readonly due: number;
}

/** graphile-worker with jobs that do nothing. Its runner is started anew for each measurement. */
class Graphile implements Contender {
  private highestPending = 0;
  private due = 0;
  private begun: Payload[] = [];
  private late: number[] = [];

  constructor(
    private readonly pool: pg.Pool,
    private readonly settings: GraphileConfig.WorkerOptions,
  ) {}

  async prepare(pending: number): Promise<void> {
    await runMigrations({ pgPool: this.pool, logger: silent });
    await this.pool.query('insert into graphile_worker._private_tasks (identifier) values ($1)', [TASK]);
    await this.pool.query(
      `insert into ${JOBS} (task_id, payload, run_at)
       select id, '{}', now() + interval '2 hours' + number * interval '28 days' / $1::integer
         from graphile_worker._private_tasks, generate_series(1, $1::integer) number`,
      [pending],
    );
    await this.pool.query(`vacuum (analyze) ${JOBS}`);
    // Connections are opened before anything is measured, as they would be long before.
    const clients = await Promise.all(
      Array.from({ length: GRAPHILE_CONNECTIONS }, () => this.pool.connect()),
    );
    for (const client of clients) client.release();
  }

  async tidyUp(): Promise<void> {
    await this.pool.query(`vacuum ${JOBS}`);
  }

  async fill(due: number): Promise<void> {
    const now = Date.now();
    await this.make(Array.from({ length: due }, (_, index) => now - due + index));
  }

  async drain(): Promise<number> {
    const { runner, start } = await this.start();
    await untilSo(
      'all jobs are done',
      async () => this.begun.length >= this.due && (await this.areRecorded()),
    );
    const elapsed = performance.now() - start;
    await this.end(runner);
    return elapsed;
  }

  async beOnTime(offsets: readonly number[]): Promise<number[]> {
    const first = Date.now() + leadTime(offsets.length);
    await this.make(offsets.map((offset) => first + offset));
    const { runner } = await this.start();
    await new Promise((resolve) => setTimeout(resolve, first + (offsets.at(-1) ?? 0) - Date.now()));
    await untilSo(
      'all jobs are done',
      async () => this.begun.length >= this.due && (await this.areRecorded()),
    );
    await this.end(runner);
    return this.late;
  }

  /** The same rows as those of its function add_job(), which would wake the workers for each. */
  private async make(times: readonly number[]): Promise<void> {
    const { rows } = await this.pool.query<{ highest: number }>(
      `select coalesce(max(id), 0)::float8 as highest from ${JOBS}`,
    );
    this.highestPending = rows[0]?.highest ?? 0;
    await this.pool.query(
      `insert into ${JOBS} (task_id, payload, run_at)
       select id, json_build_object('number', number, 'due', at), to_timestamp(at / 1000)
         from graphile_worker._private_tasks, unnest($1::float8[]) with ordinality times (at, number)`,
      [times],
    );
    // With old statistics it reads all jobs for each batch.
    await this.pool.query(`analyze ${JOBS}`);
    this.due = times.length;
    this.begun = [];
    this.late = [];
  }

  private async start(): Promise<{ runner: Runner; start: number }> {
    const events: WorkerEvents = new EventEmitter();
    // Its own preparations are not counted: the time starts when its workers are made.
    let start = 0;
    events.once('pool:create', () => {
      start = performance.now();
    });
    const runner = await run({
      pgPool: this.pool,
      preset: { worker: this.settings },
      taskList: {
        [TASK]: (payload) => {
          const job = payload as Payload;
          this.late.push(Date.now() - job.due);
          this.begun.push(job);
        },
      },
      events,
      logger: silent,
      noHandleSignals: true,
    });
    return { runner, start };
  }

  /** A job that was done is deleted. */
  private async areRecorded(): Promise<boolean> {
    const { rows } = await this.pool.query(`select from ${JOBS} where id > $1 limit 1`, [
      this.highestPending,
    ]);
    return rows.length === 0;
  }

  private async end(runner: Runner): Promise<void> {
    await runner.stop();
    assertOnce(
      this.begun.map(({ number }) => number),
      this.due,
    );
  }
}

serve(async (databaseUrl, pending, variant) => {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: GRAPHILE_CONNECTIONS,
    idleTimeoutMillis: 0,
  });
  const end = () => process.exit(1);
  pool.on('error', end).on('connect', (client) => client.on('error', end));
  const isLocal = variant === 'local-queue';
  const graphile = new Graphile(pool, GRAPHILE_SETTINGS[isLocal ? 'graphile-local' : 'graphile']);
  await graphile.prepare(pending);
  return graphile;
});
