import pg from 'pg';
import { openOwnSession } from './own-session.js';

/** What is known of a snapshot besides its data. */
export interface SnapshotFacts {
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly migration: string;
}

/** Tables that say what was done about backups: a backup holds their form, and not their rows. */
export const OWN_TABLES: readonly string[] = ['backup_runs'];

/**
 * A transaction that sees the database as it was at one moment, and lends this view to pg_dump: so rows are counted
 * of exactly what is dumped.
 */
export class DatabaseSnapshot {
  private constructor(
    private readonly client: pg.Client,
    readonly id: string,
    /** The PostgreSQL schema that holds our tables. */
    readonly schema: string,
  ) {}

  static async open(url: string): Promise<DatabaseSnapshot> {
    const client = await openOwnSession(url);
    try {
      await client.query(
        `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
         begin isolation level repeatable read read only`,
      );
      const { rows } = await client.query<{ id: string; schema: string }>(
        'select pg_export_snapshot() as id, current_schema() as schema',
      );
      const [row] = rows;
      if (!row) throw new Error('PostgreSQL gave no snapshot.');
      return new DatabaseSnapshot(client, row.id, row.schema);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  async facts(): Promise<SnapshotFacts> {
    const counted = await countRows(this.client, this.schema);
    const { rows } = await this.client.query<{ name: string }>(
      'select name from migrations order by id desc limit 1',
    );
    return { rowCounts: counted, migration: rows[0]?.name ?? '' };
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

/** The rows of each table in a schema, but for those that a backup leaves out. */
export async function countRows(client: pg.Client, schema: string): Promise<Record<string, number>> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select relname as name from pg_class
      where relkind in ('r', 'p') and relnamespace = $1::regnamespace and relname <> all ($2)
      order by relname`,
    [pg.escapeIdentifier(schema), OWN_TABLES],
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
    const { rows } = await client.query<{ count: string }>(`select count(*)::text as count from ${table}`);
    counts[name] = Number(rows[0]?.count);
  }
  return counts;
}
