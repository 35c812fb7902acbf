import pg from 'pg';
import { serve } from './child-process.js';
import { assertOnce, type Contender } from './contender.js';
import { BARE_SETTINGS } from './queue-settings.js';

const SCHEMA = `
create table jobs (
  id bigint generated always as identity primary key,
  due_at timestamptz not null,
  leased_until timestamptz,
  lease_token integer not null default 0,
  done_at timestamptz
) with (fillfactor = 70);
create index jobs_due_idx on jobs (due_at, id) where done_at is null`;

const CLAIM = `
update jobs set leased_until = now() + interval '1 minute', lease_token = lease_token + 1
 where id = any (array(
         select id from jobs
          where done_at is null and due_at <= now() and (leased_until is null or leased_until <= now())
          order by due_at, id limit $1 for update skip locked))
returning id::float8 as id`;

const COMPLETE = 'update jobs set done_at = now(), leased_until = null where id = any($1::bigint[])';

/** One good way through the table, however old its statistics are. */
const SESSION = `
set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
set enable_sort = off; set plan_cache_mode = force_generic_plan`;

/** Claim, complete, and nothing in between: what a queue costs that does nothing. */
class BareLoop implements Contender {
  private due = 0;

  constructor(private readonly clients: readonly pg.Client[]) {}

  async prepare(pending: number): Promise<void> {
    await this.query(SCHEMA);
    await this.query(
      `insert into jobs (due_at)
       select now() + interval '2 hours' + number * interval '28 days' / ${pending}
         from generate_series(1, ${pending}) number`,
    );
    await this.query('vacuum (analyze) jobs');
    await Promise.all(this.clients.map((client) => client.query(SESSION)));
  }

  async tidyUp(): Promise<void> {
    await this.query('vacuum jobs');
  }

  async fill(due: number): Promise<void> {
    await this.query(
      `insert into jobs (due_at)
       select now() - number * interval '1 millisecond' from generate_series(${due}, 1, -1) number`,
    );
    await this.query('analyze jobs');
    this.due = due;
  }

  async drain(): Promise<number> {
    const start = performance.now();
    const done = await Promise.all(this.clients.map((client) => this.loop(client)));
    const elapsed = performance.now() - start;
    assertOnce(done.flat(), this.due);
    return elapsed;
  }

  private async loop(client: pg.Client): Promise<number[]> {
    const done: number[] = [];
    for (;;) {
      const claimed = await client.query<{ id: number }>({
        name: 'claim',
        text: CLAIM,
        values: [BARE_SETTINGS.batchSize],
      });
      const ids = claimed.rows.map(({ id }) => id);
      if (ids.length === 0) return done;
      await client.query({ name: 'complete', text: COMPLETE, values: [ids] });
      done.push(...ids);
    }
  }

  private async query(sql: string): Promise<void> {
    await this.clients[0]?.query(sql);
  }
}

serve(async (databaseUrl, pending) => {
  const clients = Array.from(
    { length: BARE_SETTINGS.connections },
    () => new pg.Client({ connectionString: databaseUrl }),
  );
  for (const client of clients) {
    client.on('error', () => process.exit(1));
    await client.connect();
  }
  const contender = new BareLoop(clients);
  await contender.prepare(pending);
  return contender;
});
