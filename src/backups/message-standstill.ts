import pg from 'pg';

/**
 * Nobody stores a message while it lasts; reading goes on. Maintenance keeps writers away as soon as each process has
 * heard of it; this keeps away those that have not, so that what they accept is never in neither of two databases:
 * they wait, and fail once what they wrote to is put aside.
 */
export class MessageStandstill {
  private constructor(
    private readonly client: pg.Client,
    private readonly pid: number,
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
    try {
      await client.query(
        `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = ${lockWait};
         begin; lock table ${pg.escapeIdentifier(schema)}.messages in share mode`,
      );
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      return new MessageStandstill(client, Number(rows[0]?.pid));
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /** SQL that fails where it has not lasted until now. @param schema in which the messages are by then */
  orFail(schema: string): string {
    return `
      do $standstill$
      begin
        if not exists (
          select from pg_locks
           where pid = ${this.pid} and granted and locktype = 'relation' and mode = 'ShareLock'
             and relation = to_regclass(${pg.escapeLiteral(`${pg.escapeIdentifier(schema)}.messages`)})
        ) then
          raise exception 'the connection that kept messages from being stored meanwhile was lost';
        end if;
      end $standstill$;
    `;
  }

  /** Nothing if it was lost before. */
  async end(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}
