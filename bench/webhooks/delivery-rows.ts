import type pg from 'pg';
import type { Cleanup } from '../cleanup.js';
import { openConnection } from '../database-server.js';
import { wholes } from '../table.js';
import { ARE_DELIVERED, eventData, FATE_OF_DELIVERIES, FORGET_ENDPOINTS, MAKE_EVENTS } from './event-rows.js';
import type { Outcome } from './receiver.process.js';

/** Events and deliveries in a database of Otklik's: makes the ones, and sees what becomes of the others. */
export class DeliveryRows {
  private constructor(private readonly client: pg.Client) {}

  static async in(databaseUrl: string, cleanup: Cleanup): Promise<DeliveryRows> {
    const client = await openConnection(databaseUrl, cleanup);
    // Looking on must not cost anything.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    return new DeliveryRows(client);
  }

  async forgetEndpoints(): Promise<void> {
    await this.client.query(FORGET_ENDPOINTS);
  }

  /** Nobody tells of them: the workers are not woken. */
  async makeEvents(count: number): Promise<void> {
    await this.query(MAKE_EVENTS, [Array.from({ length: count }, (_, index) => eventData(index))]);
  }

  async newestEvent(): Promise<number> {
    const [row] = await this.query<{ position: number }>(
      'select coalesce(max(position), 0)::float8 as position from events',
    );
    return row?.position ?? 0;
  }

  /** Up to which event deliveries are made. */
  async toldUpTo(): Promise<number> {
    const [row] = await this.query<{ position: number }>(
      'select position::float8 as position from event_fan_out',
    );
    return row?.position ?? 0;
  }

  async areDelivered(webhookIds: readonly string[]): Promise<boolean> {
    const [row] = await this.query<{ done: boolean }>(ARE_DELIVERED, [webhookIds]);
    return row?.done === true;
  }

  async made(webhookIds: readonly string[]): Promise<number> {
    return (await this.fate(webhookIds)).made;
  }

  /** @throws when one was not delivered in one attempt, arrived twice or not at all, or had a wrong signature */
  async verify(
    webhookIds: readonly string[],
    { arrived, doubled, faulty }: Omit<Outcome, 'slow'>,
  ): Promise<void> {
    const { made, delivered, attempts } = await this.fate(webhookIds);
    if (delivered === made && attempts === made && arrived === made && doubled === 0 && faulty === 0) return;
    throw new Error(
      `${wholes(made)} deliveries were made, each to arrive once: recorded as delivered ${wholes(delivered)}, ` +
        `attempts ${wholes(attempts)}, arrived ${wholes(arrived)}, doubled ${doubled}, unverified ${faulty}.`,
    );
  }

  /** When each event after a position was committed, in milliseconds since 1970. */
  async momentsAfter(position: number): Promise<Map<string, number>> {
    const rows = await this.query<{ id: string; at: number }>(
      'select id, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from events where position > $1',
      [position],
    );
    return new Map(rows.map(({ id, at }) => [id, at]));
  }

  private async fate(webhookIds: readonly string[]) {
    const [row] = await this.query<Record<'made' | 'delivered' | 'attempts', number>>(FATE_OF_DELIVERIES, [
      webhookIds,
    ]);
    if (!row) throw new Error('PostgreSQL does not count.');
    return row;
  }

  private async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, values)).rows;
  }
}
