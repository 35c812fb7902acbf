import type { DataSource } from 'typeorm';
import { loadConfig } from '../src/config/config.js';
import type { Transactor } from '../src/database/transactor.js';
import { ExpiredKeys } from '../src/idempotency/expired-keys.js';
import { OldAlerts } from '../src/monitoring/alerts/old-alerts.js';
import { OldSamples } from '../src/monitoring/old-samples.js';
import { OldConversations } from '../src/retention/old-conversations.js';
import { OldEvents } from '../src/retention/old-events.js';
import { OldRows } from '../src/retention/old-rows.js';
import type { DeletedBatch, RetentionKind } from '../src/retention/retention-kind.js';
import type { RetentionKinds } from '../src/retention/retention-kinds.js';
import { OldDeliveries } from '../src/webhooks/old-deliveries.js';
import { OldReplays } from '../src/webhooks/old-replays.js';
import { readsOf } from './support/table-reads.js';
import { TestOtklik } from './support/test-otklik.js';

const ALL = 40_000;
const BATCH = 200;
const ENDPOINT = '00000000-0000-4000-8000-000000000001';
/** A second after each other, so a thousand of each table are older. */
const BEGINNING = Date.parse('2026-10-01T00:00:00Z');
const BEFORE = new Date(BEGINNING + 1_000_500);

interface Made {
  /** All kinds, whose statements are counted. */
  readonly kinds: readonly RetentionKind[];
  readonly asked: string[];
}

describe.each(['old', 'fresh'])('the ways to what is old, beside very much, with %s statistics', (age) => {
  const otklik = new TestOtklik();
  const tables = ['idempotency_records', 'monitoring_samples', 'alerts', 'alert_notices', 'webhook_replays'];
  beforeAll(async () => {
    await otklik.start();
    await otklik.database.execute(`
      analyze;
      ${tables.map((table) => `alter table ${table} set (autovacuum_enabled = off);`).join('\n')}
      set session_replication_role = replica;
      insert into webhooks (id, url, created_at, updated_at)
      values ('${ENDPOINT}', 'https://shop.example.com', '2026-10-01', '2026-10-01');
      create temporary table made as
      select gen_random_uuid() as id, n, timestamptz '2026-10-01T00:00:00Z' + n * interval '1 second' as at
        from generate_series(1, ${ALL}) n;
      insert into idempotency_records (owner_id, key, request_hash, message_id, created_at, expires_at)
      select id, 'key', 'hash', id, at, at from made order by id;
      insert into monitoring_samples (id, service, instance, at, status, facts)
      select id, 'database', 'one', at, 'healthy', '{}' from made order by id;
      insert into alerts (id, service, severity, message, raised_at, changed_at, resolved_at)
      select id, 'database', 'degraded', 'It was slow.', at, at, at from made order by id;
      insert into alert_notices (id, alert_id, channel, notice, next_attempt_at)
      select gen_random_uuid(), id, 'slack', '{}', at from made;
      insert into webhook_replays (id, webhook_id, since, until, only_failed, created_at, finished_at)
      select uuid_v7(at), '${ENDPOINT}', at, at, false, at, at from made order by id;
      set session_replication_role = origin`);
    if (age === 'fresh') await otklik.database.execute(`vacuum analyze ${tables.join(', ')}`);
  }, 60_000);
  afterAll(() => otklik.stop());

  type Query = Parameters<Parameters<typeof otklik.database.rolledBack>[0]>[0];

  function makeKinds(query: Query): Made {
    const asked: string[] = [];
    const ask = (sql: string, values: readonly unknown[]) => {
      asked.push(sql);
      return query(sql, values);
    };
    // As TypeORM says how many were deleted.
    const deleting = async (sql: string, values: readonly unknown[]) => {
      if (!sql.startsWith('delete')) return ask(sql, values);
      const rows = await ask(`${sql} returning 1`, values);
      return [rows, rows.length];
    };
    const transaction = (work: (tx: object) => unknown) => work({ query: deleting });
    const dataSource = { query: ask, transaction } as unknown as DataSource;
    const transactor = { run: transaction } as unknown as Transactor;
    const kinds: RetentionKind[] = [];
    const registry = { register: (kind: RetentionKind) => kinds.push(kind) } as unknown as RetentionKinds;
    const settings = loadConfig({});
    const config = { ...settings, cleanup: { batchSize: BATCH } };
    const rows = new OldRows(dataSource, transactor, config);
    new OldConversations(rows, transactor, registry, config);
    new OldDeliveries(dataSource, transactor, registry, config);
    new OldReplays(rows, registry, config);
    new OldEvents(dataSource, transactor, registry, config);
    new ExpiredKeys(rows, registry, config);
    new OldSamples(dataSource, rows, registry, config);
    new OldAlerts(rows, registry, config);
    return { asked, kinds };
  }

  /** Of the kind of that name, whose work is rolled back. */
  const at = <T>(
    name: RetentionKind['name'],
    work: (kind: RetentionKind, query: Query, asked: readonly string[]) => Promise<T>,
  ) =>
    otklik.database.rolledBack((query) => {
      const { kinds, asked } = makeKinds(query);
      const kind = kinds.find((one) => one.name === name);
      if (!kind) throw new Error(`There is no ${name}.`);
      return work(kind, query, asked);
    });

  const KINDS = [
    ['idempotency_keys', 'ix_idempotency_records_expires'],
    ['monitoring_samples', 'ix_monitoring_samples_at'],
    ['alerts', 'ix_alerts_resolved'],
    ['webhook_replays', 'pk_webhook_replays'],
  ] as const;

  it.each(KINDS)('counts old %s along an index, and no others', async (name, index) => {
    await at(name, async (kind, query) => {
      const count = await readsOf(query, async () => {
        expect(await kind.due(BEFORE)).toEqual({ count: 1_000, isMore: false });
      });
      expect(count).toEqual({ sequential: [], indexes: { [index]: expect.any(Number) } });
      expect(count.indexes[index]).toBeLessThanOrEqual(1_000 + 2);
      const all = await readsOf(query, async () => {
        expect(await kind.due(new Date('2027-01-01'))).toEqual({ count: 10_000, isMore: true });
      });
      expect(all).toEqual({ sequential: [], indexes: { [index]: expect.any(Number) } });
      // With statistics, PostgreSQL looks at the end of the index as well.
      expect(all.indexes[index]).toBeLessThanOrEqual(10_001 + 1);
    });
  });

  it.each(KINDS)('deletes a batch of %s along the index, and looks before it', async (name, index) => {
    await at(name, async (kind, query) => {
      const next = kind.begin(BEFORE);
      const first = await readsOf(query, async () => {
        expect(await next()).toEqual({ deleted: BATCH, isOver: false });
      });
      const read = first.indexes[index] ?? 0;
      expect(first.sequential).toEqual([]);
      expect(read).toBeGreaterThanOrEqual(BATCH);
      expect(read).toBeLessThanOrEqual(BATCH + 10);
      const all: DeletedBatch[] = [];
      await readsOf(query, async () => {
        while (!all.at(-1)?.isOver) all.push(await next());
      });
      expect(all.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(1_000 - BATCH);
      expect(await kind.due(BEFORE)).toEqual({ count: 0, isMore: false });
    });
  });

  it.each([
    ...KINDS.map(([name]) => name),
    'conversations' as const,
    'deliveries' as const,
    'events' as const,
  ])('asks once where no %s are old, and reads an entry at most', async (name) => {
    await at(name, async (kind, query, asked) => {
      const idle = await readsOf(query, async () => {
        expect(await kind.begin(new Date(BEGINNING))()).toEqual({ deleted: 0, isOver: true });
      });
      expect(asked).toHaveLength(1);
      // Tables of one row, and tables that are empty here, may be read as they are.
      expect(idle.sequential.filter((table) => tables.includes(table))).toEqual([]);
      expect(Math.max(0, ...Object.values(idle.indexes))).toBeLessThanOrEqual(1);
    });
  });
});
