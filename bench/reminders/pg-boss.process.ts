import pg from 'pg';
import { type Job, PgBoss } from 'pg-boss';
import { serve } from './child-process.js';
import { assertOnce, type Contender, leadTime, untilSo } from './contender.js';
import { PG_BOSS_SETTINGS } from './queue-settings.js';

const QUEUE = 'reminders';
const JOBS = 'pgboss.job_common';

/** Rows as its `insert()` makes them; due after $1 in the order in which they were made. */
const MAKE = `
  insert into pgboss.job (name, data, start_after, created_on, keep_until, policy)
  select '${QUEUE}', jsonb_build_object('number', number, 'due', at), to_timestamp(at / 1000),
         to_timestamp(at / 1000) - interval '72 hours', to_timestamp(at / 1000) + interval '14 days', 'standard'
    from unnest($1::float8[]) with ordinality times (at, number)`;

interface Payload {
  readonly number: number;
  /** Milliseconds. */
  readonly due: number;
}

/** pg-boss with jobs that do nothing. */
class Boss implements Contender {
  private due = 0;
  private begun: number[] = [];
  private late: number[] = [];
  private unrecorded: string[] = [];

  constructor(
    private readonly boss: PgBoss,
    private readonly client: pg.Client,
  ) {}

  async prepare(pending: number): Promise<void> {
    await this.boss.start();
    await this.boss.createQueue(QUEUE);
    // Made later than what comes due now: pg-boss looks for the oldest first, whenever it is due.
    await this.client.query(
      `insert into pgboss.job (name, data, start_after, created_on, keep_until, policy)
       select '${QUEUE}', '{}', at, now() - interval '1 hour', at + interval '14 days', 'standard'
         from generate_series(1, $1::integer) number,
              lateral (select now() + interval '2 hours' + number * interval '28 days' / $1::integer as at) its`,
      [pending],
    );
    await this.client.query(`vacuum (analyze) ${JOBS}`);
  }

  async tidyUp(): Promise<void> {
    await this.client.query(`vacuum ${JOBS}`);
  }

  async fill(due: number): Promise<void> {
    const now = Date.now();
    await this.make(Array.from({ length: due }, (_, index) => now - due + index));
  }

  async drain(): Promise<number> {
    const start = performance.now();
    await this.work();
    await this.untilDone();
    const elapsed = performance.now() - start;
    await this.end();
    return elapsed;
  }

  async beOnTime(offsets: readonly number[]): Promise<number[]> {
    const first = Date.now() + leadTime(offsets.length);
    await this.make(offsets.map((offset) => first + offset));
    await this.work();
    await new Promise((resolve) => setTimeout(resolve, first + (offsets.at(-1) ?? 0) - Date.now()));
    await this.untilDone();
    await this.end();
    return this.late;
  }

  private async make(times: readonly number[]): Promise<void> {
    await this.client.query(MAKE, [times]);
    await this.client.query(`analyze ${JOBS}`);
    this.due = times.length;
    this.begun = [];
    this.late = [];
    this.unrecorded = [];
  }

  private async work(): Promise<void> {
    await this.boss.work<Payload>(QUEUE, PG_BOSS_SETTINGS.work, async (jobs: Job<Payload>[]) => {
      const now = Date.now();
      for (const { data } of jobs) {
        this.late.push(now - data.due);
        this.begun.push(data.number);
      }
      this.unrecorded = [...this.unrecorded.slice(-LAST), ...jobs.map(({ id }) => id)];
    });
  }

  /** Once all were begun, the last batches of its workers may still have to be completed. */
  private untilDone(): Promise<void> {
    return untilSo('all jobs are done', async () => {
      if (this.begun.length < this.due) return false;
      const { rows } = await this.client.query(
        `select from pgboss.job where name = $1 and id = any($2::uuid[]) and state <> 'completed' limit 1`,
        [QUEUE, this.unrecorded],
      );
      return rows.length === 0;
    });
  }

  private async end(): Promise<void> {
    await this.boss.offWork(QUEUE);
    assertOnce(this.begun, this.due);
  }
}

const { batchSize, localConcurrency } = PG_BOSS_SETTINGS.work;
/** As many jobs as can be begun and not completed, besides the newest batch. */
const LAST = batchSize * (localConcurrency - 1);

serve(async (databaseUrl, pending) => {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => process.exit(1));
  await client.connect();
  const boss = new PgBoss({ connectionString: databaseUrl, ...PG_BOSS_SETTINGS.boss });
  boss.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  const contender = new Boss(boss, client);
  await contender.prepare(pending);
  return contender;
});
