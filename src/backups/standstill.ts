import pg from 'pg';
import { isConflict } from '../database/database-errors.js';
import { openOwnSession } from './own-session.js';

/**
 * What clients and operators write, in the order in which the application locks it. Whoever changes a conversation
 * locks its client's row first, and whoever changes an endpoint or its deliveries refers to the endpoint's: a lock in
 * exclusive mode lets neither. The others are written without such a row. What workers do to finish, and what the
 * monitor says meanwhile, is in none of them.
 */
const LOCKED = [
  { mode: 'exclusive', tables: ['clients', 'webhooks'] },
  {
    mode: 'share',
    tables: ['escalations', 'messages', 'reminder_policies', 'monitoring_settings', 'backup_schedule'],
  },
] as const;

/** How often it is begun after a deadlock. */
const ATTEMPTS = 5;

/** Another one after each key that is made or revoked. */
const KEYS = `count(*) || ' ' || count(revoked_at)`;

/**
 * While it lasts, nothing is stored that somebody is told is stored; reading goes on. Maintenance keeps writers away
 * as soon as each process has heard of it; this keeps away those that have not, so that what they accept is never in
 * neither of two databases: they wait, and fail once what they wrote to is put aside. Keys are only watched: a lock on
 * them would hold up who writes down when they were used.
 */
export class Standstill {
  private constructor(
    private readonly client: pg.Client,
    private readonly pid: number,
    /** How many keys there were, and how many of them revoked. */
    private readonly keys: string,
  ) {}

  /**
   * Begins once what is being stored is in.
   *
   * @param lockWait for how long it waits for that at each table, in milliseconds
   * @throws Error where it takes longer, or the database cannot be reached
   */
  static async begin(url: string, schema: string, lockWait: number): Promise<Standstill> {
    // That it was lost is found out by `orFail`.
    const client = await openOwnSession(url);
    const name = pg.escapeIdentifier(schema);
    try {
      await client.query(
        `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = ${lockWait}`,
      );
      await lockAll(client, name);
      const { rows } = await client.query<{ pid: number; keys: string }>(
        `select pg_backend_pid() as pid, ${KEYS} as keys from ${name}.api_keys`,
      );
      const [row] = rows;
      if (!row) throw new Error('PostgreSQL counted no keys.');
      return new Standstill(client, row.pid, row.keys);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /**
   * SQL that fails where it has not lasted until now, or where a key was made or revoked meanwhile by whoever began
   * before the restore did.
   *
   * @param schema in which what stands still is by then
   */
  orFail(schema: string): string {
    const name = pg.escapeIdentifier(schema);
    return `
      lock table ${name}.api_keys in share mode;
      do $standstill$
      begin
        if not exists (
          select from pg_locks
           where pid = ${this.pid} and granted and locktype = 'relation' and mode = 'ExclusiveLock'
             and relation = to_regclass(${pg.escapeLiteral(`${name}.clients`)})
        ) then
          raise exception 'the connection that kept others from storing anything meanwhile was lost';
        end if;
        if (select ${KEYS} from ${name}.api_keys) <> ${pg.escapeLiteral(this.keys)} then
          raise exception 'an API key was made or revoked meanwhile, which would be lost: restore once more';
        end if;
      end $standstill$;
    `;
  }

  /** Nothing if it was lost before. */
  async end(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

/** Nothing was done yet where somebody who locks in another order stood in the way: it begins again. */
async function lockAll(client: pg.Client, schema: string): Promise<void> {
  const locks = LOCKED.map(
    ({ mode, tables }) =>
      `lock table ${tables.map((table) => `${schema}.${table}`).join(', ')} in ${mode} mode`,
  );
  for (let left = ATTEMPTS - 1; ; left--) {
    try {
      await client.query(`begin; ${locks.join('; ')}`);
      return;
    } catch (error) {
      await client.query('rollback');
      if (!isConflict(error) || left === 0) throw error;
    }
  }
}
