import type { TestDatabase } from './test-database.js';

type Query = Parameters<Parameters<TestDatabase['rolledBack']>[0]>[0];

interface Counter {
  readonly name: string;
  readonly table: string | null;
  readonly scans: number;
  readonly rows: number;
}

/** What some work read. */
export interface Reads {
  /** The tables that were read from end to end. */
  readonly sequential: string[];
  /** How many entries of each index were read. */
  readonly indexes: Readonly<Record<string, number>>;
}

/** Counts what the work reads in the transaction of the query: PostgreSQL's own counters, not its estimates. */
export async function readsOf(query: Query, work: () => Promise<unknown>): Promise<Reads> {
  const before = await counters(query);
  await work();
  const since = (await counters(query)).map((after, index) => ({
    ...after,
    scans: after.scans - (before[index]?.scans ?? 0),
    rows: after.rows - (before[index]?.rows ?? 0),
  }));
  const read = since.filter(({ scans }) => scans > 0);
  return {
    sequential: read.filter(({ table }) => table === null).map(({ name }) => name),
    indexes: Object.fromEntries(
      read.filter(({ table }) => table !== null).map(({ name, rows }) => [name, rows]),
    ),
  };
}

function counters(query: Query): Promise<Counter[]> {
  return query<Counter>(
    `select relname as name, indrelid::regclass::text as table, pg_stat_get_xact_numscans(oid)::int as scans,
            pg_stat_get_xact_tuples_returned(oid)::int as rows
       from pg_class left join pg_index on indexrelid = oid
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
      order by oid`,
  );
}
