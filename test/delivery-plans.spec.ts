import type { DataSource, EntityManager } from 'typeorm';
import { loadConfig } from '../src/config/config.js';
import type { Transactor } from '../src/database/transactor.js';
import type { Due } from '../src/retention/retention-kind.js';
import type { RetentionKinds } from '../src/retention/retention-kinds.js';
import { DeliveryRepository, REQUEUE_DELIVERIES_ROUTINE } from '../src/webhooks/delivery.repository.js';
import type { DeliveryStatus } from '../src/webhooks/delivery.schemas.js';
import { OldDeliveries } from '../src/webhooks/old-deliveries.js';
import { ReplayRepository, type RunningReplay } from '../src/webhooks/replay.repository.js';
import { listsOf } from './support/lists-of.js';
import { type Reads, readsOf } from './support/table-reads.js';
import { TestOtklik } from './support/test-otklik.js';

const PAGE = 50;
const BATCH = 200;
const ENDPOINT = '00000000-0000-4000-8000-000000000001';
const BEGINNING = '00000000-0000-0000-0000-000000000000';

describe.each(['old', 'fresh'])('the ways to deliveries, beside very many, with %s statistics', (age) => {
  const otklik = new TestOtklik();
  beforeAll(async () => {
    await otklik.start();
    // 3 endpoints, 40,000 events, a second after the other; of each, deliveries, most of them delivered.
    await otklik.database.execute(`
      analyze;
      alter table events set (autovacuum_enabled = off);
      alter table deliveries set (autovacuum_enabled = off);
      alter table attempts set (autovacuum_enabled = off);
      set session_replication_role = replica;
      insert into webhooks (id, url, ordered, created_at, updated_at)
      select ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'https://shop.example.com', true, '2026-10-01', '2026-10-01'
        from generate_series(1, 3) n;
      insert into webhook_states (webhook_id) select id from webhooks;
      insert into events (id, type, conversation_id, occurred_at, data)
      select uuid_v7(at), 'message.received', gen_random_uuid(), at, '{}'
        from generate_series(1, 40000) n,
             lateral (select timestamptz '2026-10-01' + n * interval '1 second' as at) happened;
      update event_fan_out set position = (select max(position) from events);
      insert into deliveries
             (id, webhook_id, event_id, event_position, event_type, ordered_by, created_at, next_attempt_at, attempts,
              outcome, finished_at)
      select uuid_v7(occurred_at), webhook.id, event.id, event.position, event.type, event.conversation_id,
             occurred_at, case when position % 20 = 0 then 'infinity' else occurred_at end, 1, outcome,
             case when outcome is not null then occurred_at end
        from events event, webhooks webhook,
             lateral (select case position % 10 when 0 then null when 1 then 'failed' when 2 then 'dead'
                             else 'delivered' end::delivery_outcome as outcome) ended;
      insert into attempts (delivery_id, number, started_at, duration_ms, request_headers)
      select id, 1, created_at, 1, '{}' from deliveries where webhook_id = '${ENDPOINT}';
      set session_replication_role = origin`);
    if (age === 'fresh')
      await otklik.database.execute('vacuum analyze events, deliveries, attempts, webhooks');
  }, 60_000);
  afterAll(() => otklik.stop());

  /** Does the work in a transaction that is rolled back, and says what it read. */
  function reads(work: (dataSource: DataSource, tx: EntityManager) => Promise<unknown>): Promise<Reads> {
    return otklik.database.rolledBack(async (query) => {
      const transaction = (work: (tx: object) => unknown) => work({ query });
      const fake = { query, transaction } as unknown;
      return readsOf(query, () => work(fake as DataSource, fake as EntityManager));
    });
  }

  const most = ({ indexes }: Reads) => Math.max(...Object.values(indexes));

  it.each<[status: DeliveryStatus | undefined, index: string, visited: number]>([
    [undefined, 'ux_deliveries_event', 1],
    ['delivered', 'ux_deliveries_event', 2],
    ['failed', 'ix_deliveries_failed', 2],
    ['dead', 'ix_deliveries_failed', 3],
    ['pending', 'ix_deliveries_due', 1],
  ])(
    'a page of those that are %s, and the next, are a range of one index',
    async (status, index, visited) => {
      let found = 0;
      const list = await reads(async (dataSource) => {
        const deliveries = new DeliveryRepository(dataSource, listsOf(dataSource));
        const query = { limit: PAGE, ...(status && { status }) };
        const first = await deliveries.list(ENDPOINT, query, ({ id }) => id);
        const cursor = first.nextCursor ?? '';
        const second = await deliveries.list(ENDPOINT, { ...query, cursor }, ({ id }) => id);
        found = new Set([...first.data, ...second.data]).size;
      });
      expect(found).toBe(2 * PAGE);
      expect(list.sequential).toEqual([]);
      expect(Object.keys(list.indexes).toSorted()).toEqual([index, 'pk_attempts', 'pk_events'].toSorted());
      expect(most(list)).toBeLessThanOrEqual(visited * 2 * (PAGE + 1) + 10);
    },
  );

  const replay: RunningReplay = {
    id: BEGINNING,
    webhookId: ENDPOINT,
    since: new Date('2026-10-01T02:00:00Z'),
    until: new Date('2026-10-02T00:00:00Z'),
    eventTypes: ['message.*'],
    onlyFailed: false,
    lastEventId: null,
    subscribedTypes: null,
  };

  it.each([
    [false, 'ux_events_id'],
    [true, 'ix_deliveries_failed'],
  ])('a step of a replay (only of what failed: %s) is a range of one index', async (onlyFailed, index) => {
    let visited = 0;
    const step = await reads(async (dataSource, tx) => {
      const events = await new ReplayRepository(dataSource).visit(tx, { ...replay, onlyFailed }, BATCH);
      visited = events.filter(({ isWanted }) => isWanted).length;
    });
    expect(visited).toBe(BATCH);
    // The one row of event_fan_out may be read as it is.
    expect(step.sequential.filter((table) => table !== 'event_fan_out')).toEqual([]);
    expect(step.indexes[index]).toBeGreaterThanOrEqual(BATCH);
    expect(most(step)).toBeLessThanOrEqual(BATCH + 10);
  });

  it('having events told once more is from each to its own rows, in order too', async () => {
    const events = await otklik.database.query<{ id: string }>(
      'select id from events where position > 20000 order by position limit $1',
      [BATCH],
    );
    // Plans of a function are kept for the connection: made while few were given, they must suit many.
    const requeue = await otklik.database.rolledBack(async (query) => {
      const call = (ids: readonly string[]) =>
        query<{ count: number }>(`select ${REQUEUE_DELIVERIES_ROUTINE.name}($1, $2, $3) as count`, [
          otklik.clock.iso(),
          ENDPOINT,
          ids,
        ]);
      await call([]);
      return readsOf(query, async () => {
        // A tenth is pending, and stays.
        expect(await call(events.map(({ id }) => id))).toEqual([{ count: BATCH * 0.9 }]);
      });
    });
    expect(requeue.sequential).toEqual([]);
    expect(most(requeue)).toBeLessThanOrEqual(5 * BATCH);
  });

  it('a clean-up reads what is old enough, once, and the next one nothing of that again', async () => {
    const settings = loadConfig({});
    const config = { ...settings, cleanup: { ...settings.cleanup, batchSize: BATCH } };
    // So long ago that a thousand events are old enough, each with three deliveries.
    const before = new Date(Date.parse('2026-10-01T00:00:00Z') + 1_000_500);
    const result = await otklik.database.rolledBack(async (query) => {
      const transaction = (work: (tx: object) => unknown) => work({ query });
      const deliveries = new OldDeliveries(
        { query, transaction } as unknown as DataSource,
        { run: transaction } as unknown as Transactor,
        { register: () => undefined } as unknown as RetentionKinds,
        config,
      );
      const clear = async () => {
        const next = deliveries.begin(before);
        for (let deleted = 0; ; ) {
          const batch = await next();
          deleted += batch.deleted;
          if (batch.isOver) return deleted;
        }
      };
      let handled = 0;
      let due: Due | undefined;
      const count = await readsOf(query, async () => {
        due = await deliveries.due(before);
      });
      const first = await readsOf(query, async () => {
        handled = await clear();
      });
      const second = await readsOf(query, clear);
      return { due, count, first, second, handled };
    });
    expect(result.due).toEqual({ count: 2700, isMore: false });
    expect(result.count).toEqual({ sequential: [], indexes: { pk_deliveries: 3000 } });
    expect(result.handled).toBe(2700);
    expect(result.first.sequential).toEqual([]);
    // Looked at, locked, deleted, and counted.
    expect(most(result.first)).toBeLessThanOrEqual(4 * 3000);
    expect(result.second.sequential).toEqual([]);
    expect(most(result.second)).toBeLessThanOrEqual(10);
  });
});
