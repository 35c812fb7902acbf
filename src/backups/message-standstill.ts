import pg from 'pg';

/** What clients and administrators write, as far as each is written in one order with the others. */
const LOCKED = ['messages', 'webhooks', 'reminder_policies'];

/** Another one after each key that is made or revoked. */
const KEYS = `count(*) || ' ' || count(revoked_at)`;

/**
 * Nobody stores a message, or changes an endpoint or a policy, while it lasts; reading goes on. Maintenance keeps writers away as soon as each process has
 * heard of it; this keeps away those that have not, so that what they accept is never in neither of two databases:
 * they wait, and fail once what they wrote to is put aside. Keys are only watched: a lock on them would hold up who
 * writes down when they were used.
 */
export class MessageStandstill {
  private constructor(
    private readonly client: pg.Client,
    private readonly pid: number,
    /** How many keys there were, and how many of them revoked. */
    private readonly keys: string,
  ) {}

  /**
   * Begins once the messages that are being stored are in.
   *
   * @param lockWait for how long it waits for them, in milliseconds
   * @throws Error where they take longer, or the database cannot be reached
   */
  static async begin(url: string, schema: string, lockWait: number): Promise<MessageStandstill> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'otklik backups',
      keepAlive: true,
    });
    // A lost connection is found out by `orFail`.
    client.on('error', () => undefined);
    await client.connect();
    const name = pg.escapeIdentifier(schema);
    try {
      await client.query(
        `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = ${lockWait};
         begin; lock table ${LOCKED.map((table) => `${name}.${table}`).join(', ')} in share mode`,
      );
      const { rows } = await client.query<{ pid: number; keys: string }>(
        `select pg_backend_pid() as pid, ${KEYS} as keys from ${name}.api_keys`,
      );
      const [row] = rows;
      if (!row) throw new Error('PostgreSQL counted no keys.');
      return new MessageStandstill(client, row.pid, row.keys);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /**
   * SQL that fails where it has not lasted until now, or where a key was made or revoked meanwhile by whoever began
   * before the restore did.
   *
   * @param schema in which the messages are by then
   */
  orFail(schema: string): string {
    const name = pg.escapeIdentifier(schema);
    return `
      lock table ${name}.api_keys in share mode;
      do $standstill$
      begin
        if not exists (
          select from pg_locks
           where pid = ${this.pid} and granted and locktype = 'relation' and mode = 'ShareLock'
             and relation = to_regclass(${pg.escapeLiteral(`${name}.messages`)})
        ) then
          raise exception 'the connection that kept messages from being stored meanwhile was lost';
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
