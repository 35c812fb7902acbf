import { jest } from '@jest/globals';
import pg from 'pg';
import { newClient, TestOtklik } from './support/test-otklik.js';

interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

const TABLES = [
  'clients',
  'conversations',
  'messages',
  'reminders',
  'escalations',
  'events',
  'idempotency_records',
];

/** How many rows of a table may be read on the way to a page: the page and a little more. */
const FEW = 120;

describe('the way to the data, in tables of 40,000 rows and more (E2, D12)', () => {
  const otklik = new TestOtklik();
  const statements: Statement[] = [];
  let sample: { id: string; conversation_id: string };

  beforeAll(async () => {
    await otklik.start();
    await otklik.database.execute(`
      insert into clients (id, first_seen_at, last_seen_at)
      select 'bulk-' || n, timestamptz '2026-01-01', timestamptz '2026-02-01' from generate_series(1, 1000) n;
      insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since, closed_at)
      select uuid_v7(timestamptz '2026-01-01' + n * interval '1 minute'), 'bulk-' || (n % 1000 + 1),
             case when n <= 1000 then 'open' else 'closed' end::conversation_status, (enum_range(null::priority))[n % 4 + 1], 'api',
             timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute',
             null, case when n > 1000 then timestamptz '2026-02-01' end
        from generate_series(1, 5000) n;
      insert into messages (id, client_id, conversation_id, direction, author, content, channel, priority, sent_at, created_at)
      select uuid_v7(opened_at + n * interval '1 second'), client_id, id, 'inbound', 'client', 'Message ' || n, 'api',
             priority, opened_at, opened_at + n * interval '1 second'
        from conversations, generate_series(1, 8) n;
      insert into reminders (id, conversation_id, message_id, kind, level, priority, scheduled_at, created_at, cancelled_at)
      select gen_random_uuid(), conversation_id, id, 'policy', 1, 'low', created_at, created_at,
             case when random() < 0.9 then created_at end
        from messages;
      insert into escalations (id, conversation_id, priority, reason, created_at, resolved_at, resolution)
      select gen_random_uuid(), conversation_id, priority, 'triage', created_at, created_at, 'replied'
        from messages;
      insert into events (id, type, conversation_id, occurred_at, data)
      select uuid_v7(created_at), case when random() < 0.005 then 'conversation.closed' else 'message.received' end,
             conversation_id, created_at, '{}'
        from messages;
      insert into idempotency_records (owner_id, key, request_hash, message_id, created_at, expires_at)
      select gen_random_uuid(), 'key-' || n, 'x', gen_random_uuid(), now(), now() + interval '1 day'
        from generate_series(1, 40000) n;
      analyze`);
    const [message] = await otklik.database.query<typeof sample>(
      `select id, conversation_id from messages where client_id = 'bulk-500' order by created_at offset 20 limit 1`,
    );
    if (!message) throw new Error('There are messages of each client.');
    sample = message;
    const query = pg.Client.prototype.query as (...parameters: unknown[]) => unknown;
    jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function record(
      this: pg.Client,
      ...parameters
    ) {
      const [statement, values] = parameters as unknown as [string | pg.QueryConfig, unknown];
      const { text, values: own } = typeof statement === 'string' ? { text: statement } : statement;
      statements.push({ sql: text, parameters: own ?? (Array.isArray(values) ? values : []) });
      return query.apply(this, parameters);
    });
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await otklik.stop();
  });

  /** The statements that a request sends, but for those that open and end transactions. */
  async function statementsOf(work: () => Promise<{ status: number }>): Promise<Statement[]> {
    statements.length = 0;
    expect((await work()).status).toBeLessThan(300);
    return statements.filter(({ sql }) => !/^(start|commit|rollback)/i.test(sql));
  }

  /** Runs statements again, and counts what was read in each table and through which indexes on the way. */
  async function reads(statements: readonly Statement[]): Promise<{
    /** Tables that were read from end to end. */
    sequential: string[];
    indexes: string[];
    /** The entries of indexes that were read for the table of which most were read. */
    most: number;
  }> {
    return otklik.database.rolledBack(async (query) => {
      const counters = () =>
        query<{ name: string; table: string | null; scans: number; rows: number }>(
          `select relname as name, indrelid::regclass::text as table, pg_stat_get_xact_numscans(oid)::int as scans,
                  pg_stat_get_xact_tuples_returned(oid)::int as rows
             from pg_class left join pg_index on indexrelid = oid
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
            order by oid`,
        );
      const before = await counters();
      for (const { sql, parameters } of statements) await query(sql, parameters);
      const counted = (await counters()).map((after, index) => ({
        ...after,
        scans: after.scans - (before[index]?.scans ?? 0),
        rows: after.rows - (before[index]?.rows ?? 0),
      }));
      const sum = (rows: readonly { rows: number }[]) => rows.reduce((total, row) => total + row.rows, 0);
      return {
        sequential: counted.filter(({ table, scans }) => table === null && scans > 0).map(({ name }) => name),
        indexes: counted.filter(({ table, scans }) => table !== null && scans > 0).map(({ name }) => name),
        most: Math.max(...TABLES.map((name) => sum(counted.filter(({ table }) => table === name)))),
      };
    });
  }

  it.each<[what: string, path: () => string, index: string]>([
    ['the history of a client', () => '/api/messages?clientId=bulk-500', 'ix_messages_client_created'],
    [
      'what is new of a client after a known message',
      () => `/api/messages?clientId=bulk-500&after=${sample.id}`,
      'ix_messages_client_created',
    ],
    [
      'what was said in a conversation',
      () => `/api/conversations/${sample.conversation_id}/messages`,
      'ix_messages_conversation_created',
    ],
    [
      'what is new in a conversation',
      () => `/api/messages?conversationId=${sample.conversation_id}&after=${sample.id}`,
      'ix_messages_conversation_created',
    ],
    ['the urgent messages', () => '/api/messages?priority=urgent', 'ix_messages_priority_created'],
    ['all messages, newest first', () => '/api/messages', 'pk_messages'],
    ['all that is new after a known message', () => `/api/messages?after=${sample.id}`, 'pk_messages'],
    ['a message and its reply', () => `/api/messages/${sample.id}`, 'pk_messages'],
    ['the open conversations', () => '/api/conversations?status=open', 'ix_conversations_status_activity'],
    ['all conversations', () => '/api/conversations', 'pk_conversations'],
    [
      'the reminders of a conversation',
      () => `/api/reminders?conversationId=${sample.conversation_id}`,
      'ix_reminders_conversation_scheduled',
    ],
    ['the pending reminders', () => '/api/reminders?status=pending', 'ix_reminders_scheduled_cancelled_sent'],
    ['the events', () => '/api/events', 'pk_events'],
    [
      'the events of a conversation',
      () => `/api/events?conversationId=${sample.conversation_id}`,
      'ix_events_conversation',
    ],
  ])('is one range of one index: %s', async (_what, path, index) => {
    const sent = await statementsOf(() => otklik.api.get(path()));
    const { sequential, indexes, most } = await reads(sent);
    expect(sequential).toEqual([]);
    expect(indexes).toContain(index);
    expect(most).toBeLessThan(FEW);
  });

  it.each([
    ['without a key', {}],
    ['with a key', { 'idempotency-key': 'plan' }],
  ])('of an incoming message reads nothing but what is its own, %s', async (_what, headers) => {
    const [ingest, ...others] = await statementsOf(() =>
      otklik.receive({ clientId: 'bulk-501', content: `Anything new? ${newClient()}` }, headers),
    );
    expect(others).toEqual([]);
    const again = {
      sql: ingest?.sql ?? '',
      parameters: (ingest?.parameters ?? []).map((parameter) =>
        typeof parameter === 'string'
          ? parameter
              .replaceAll(/[0-9a-f]{8}(?=-[0-9a-f]{4}-7)/g, 'ffffffff')
              .replaceAll('plan', 'plan-2')
              .replaceAll('Anything new', 'Something else')
          : parameter,
      ),
    };
    const { sequential, indexes, most } = await reads([again]);
    expect(sequential).toEqual([]);
    expect(indexes).toContain('ux_conversations_client_active');
    expect(indexes).toContain('ix_reminders_conversation_scheduled');
    if (!('idempotency-key' in headers)) expect(indexes).toContain('ix_messages_client_created');
    expect(most).toBeLessThan(FEW);
  });

  it.each([
    ['a reply', 'replies', { content: 'Yes', author: 'operator' }],
    ['a priority', 'priority', { priority: 'low' }],
    ['a closing', 'close', { reason: 'solved' }],
    ['an escalation', 'escalate', { reason: 'Asks for a manager.' }],
  ])('of a change reads nothing but what is its own: %s', async (_what, change, body) => {
    const { conversationId } = await otklik.accept({ clientId: 'bulk-502', content: change });
    const sent = await statementsOf(() =>
      otklik.api.post(`/api/conversations/${conversationId}/${change}`, body),
    );
    const { sequential } = await reads(sent.filter(({ sql }) => !/^insert/i.test(sql)));
    expect(sequential).toEqual([]);
  });
});
