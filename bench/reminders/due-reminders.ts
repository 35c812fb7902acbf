import type pg from 'pg';
import type { Cleanup } from '../cleanup.js';
import { openConnection } from '../database-server.js';
import { dropSecondaryIndexes } from '../stored/secondary-indexes.js';
import { wholes } from '../table.js';
import {
  DUE_TABLE,
  FATE_OF_DUE,
  FILL_SESSION,
  MAKE_DUE,
  pendingReminders,
  SENT_AND_TOLD,
  TABLES,
  TOLD_OF_DUE,
} from './reminder-rows.js';

/** Fills a database that Otklik has made, while nobody uses it. */
export async function fillPending(databaseUrl: string, pending: number, cleanup: Cleanup): Promise<void> {
  const client = await openConnection(databaseUrl, cleanup);
  await client.query(FILL_SESSION);
  const indexes = await dropSecondaryIndexes(client, TABLES);
  for (const statement of [...pendingReminders(pending), ...indexes]) await client.query(statement);
  await client.query(`vacuum (analyze) ${TABLES.join()}`);
  await client.query(DUE_TABLE);
  await client.end();
}

/** The reminders that a measurement is about, in a database of Otklik's: makes them, and sees what becomes of them. */
export class DueReminders {
  private round = 0;
  private lastEvent = 0;
  private latest = new Date(0);

  private constructor(private readonly client: pg.Client) {}

  static async in(databaseUrl: string, cleanup: Cleanup): Promise<DueReminders> {
    const client = await openConnection(databaseUrl, cleanup);
    await client.query(FILL_SESSION);
    // Looking on must not cost anything.
    await client.query('set enable_seqscan = off');
    return new DueReminders(client);
  }

  /** @param times in milliseconds, in their order */
  async make(times: readonly number[]): Promise<void> {
    await this.client.query('truncate due_reminders');
    const moments = times.map((at) => new Date(at));
    await this.client.query(MAKE_DUE, [moments.map((at) => at.toISOString()), ++this.round]);
    this.latest = moments.at(-1) ?? this.latest;
    this.lastEvent = await this.newestEvent();
  }

  /** One for each of the last milliseconds. */
  async makeOverdue(count: number): Promise<void> {
    const now = Date.now();
    await this.make(Array.from({ length: count }, (_, index) => now - count + index));
  }

  /** Tidies up after the measurement before, so that the next does not pay for it. */
  async tidyUp(): Promise<void> {
    await this.client.query('vacuum reminders');
  }

  async newestEvent(): Promise<number> {
    const [row] = await this.query<{ position: number }>(
      'select coalesce(max(position), 0)::float8 as position from events',
    );
    return row?.position ?? 0;
  }

  /** Asks for the last one before it asks for any: most of the time that is enough. */
  async areDone(): Promise<boolean> {
    const [last] = await this.query<{ done: boolean }>(
      `select sent_at is not null as done from reminders
        where id = (select id from due_reminders order by due_at desc limit 1)`,
    );
    if (!last?.done) return false;
    const open = await this.query(
      `select from reminders
        where cancelled_at is null and sent_at is null and failed_at is null and scheduled_at <= $1
        order by scheduled_at, id limit 1`,
      [this.latest],
    );
    return open.length === 0;
  }

  async sent(): Promise<number> {
    return (await this.fate()).sent;
  }

  /** @throws when one was not sent and told exactly once, with its repetition planned */
  async verify(): Promise<void> {
    const { due, ...fate } = await this.fate();
    const wrong = Object.entries(fate).filter(([, count]) => count !== due);
    if (wrong.length === 0) return;
    const counts = wrong.map(([what, count]) => `${what} ${wholes(count)}`).join(', ');
    throw new Error(`${wholes(due)} reminders were due, each to be sent once: ${counts}.`);
  }

  /** @returns how many a worker has sent in this database, as many as the outbox tells of @throws when it does not */
  async verifyAll(): Promise<number> {
    const [row] = await this.query<{ sent: number; told: number }>(SENT_AND_TOLD);
    if (!row || row.sent !== row.told) {
      throw new Error(`${row?.sent} reminders were sent, and the outbox tells of ${row?.told}.`);
    }
    return row.sent;
  }

  /** Milliseconds from when each was due until its sending began. */
  async lateness(): Promise<number[]> {
    const rows = await this.query<{ late: number }>(
      `select extract(epoch from sent_at - due_at)::float8 * 1000 as late
         from due_reminders join reminders using (id)`,
    );
    return rows.map(({ late }) => late);
  }

  private async fate() {
    const [row] = await this.query<Record<'due' | 'sent' | 'told' | 'toldOnce' | 'repeated', number>>(
      TOLD_OF_DUE + FATE_OF_DUE,
      [this.lastEvent],
    );
    if (!row) throw new Error('PostgreSQL does not count.');
    return row;
  }

  private async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, values)).rows;
  }
}
