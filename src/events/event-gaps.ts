import type { DataSource } from 'typeorm';

interface Gap {
  /** The first number that is missing. */
  readonly missing: number;
  /** The highest position that was there when it was asked who still writes, and who that was. */
  readonly asked?: { readonly seen: number; readonly writers: readonly string[] };
}

/**
 * Finds out what became of numbers that are missing among the positions of events: their transactions go on, or they
 * were rolled back. Whoever tells events in order stops before such a gap until that is decided, so no event is
 * passed over because it was committed late.
 *
 * A transaction takes its numbers after its lock on the table, and holds that until its end. So once all are gone who
 * held it when a later number was there already, what is still missing will never come.
 */
export class EventGaps {
  private gap: Gap | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Asks about the first gap. Most are gone at the second look, so only that one costs a statement.
   *
   * @param missing the first number that is missing
   * @param seen the highest position that was read in the same statement
   * @returns up to which position everything is decided: read again, and take what is there; undefined: look again
   *   after a moment
   */
  async decided(missing: number, seen: number): Promise<number | undefined> {
    if (this.gap?.missing !== missing) {
      this.gap = { missing };
      return undefined;
    }
    const asked = {
      seen: this.gap.asked?.seen ?? seen,
      writers: await this.writers(this.gap.asked?.writers),
    };
    if (asked.writers.length === 0) {
      this.gap = undefined;
      return asked.seen;
    }
    this.gap = { missing, asked };
    return undefined;
  }

  /** The transactions that may have written events and go on; of the given ones, if there are any. */
  private async writers(among: readonly string[] | undefined): Promise<string[]> {
    const rows: { transaction: string }[] = await this.dataSource.query(
      `select virtualtransaction as transaction from pg_locks
        where locktype = 'relation' and relation = 'events'::regclass and mode = 'RowExclusiveLock' and granted
          and database = (select oid from pg_database where datname = current_database())
          and ($1::text[] is null or virtualtransaction = any($1))`,
      [among ?? null],
    );
    return rows.map(({ transaction }) => transaction);
  }
}
