import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { Transactor } from '../src/database/transactor.js';
import { Retention } from '../src/retention/retention.js';
import type { RetentionView } from '../src/retention/retention.schemas.js';
import { RETENTION_KINDS, type RetentionKind } from '../src/retention/retention-kind.js';
import { RetentionKinds } from '../src/retention/retention-kinds.js';
import type { PageOf } from './support/api-client.js';
import { makeEvent, makeWebhook } from './support/deliveries.js';
import { DAY, HOUR, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const BATCH = 10;
const OLD = 2 * BATCH + 3;

/** A kind of data that comes and goes with the work. */
interface Bookkeeping {
  readonly kind: RetentionKind['name'];
  readonly table: string;
  readonly keepFor: number;
  /** Makes so many that are over since then. */
  readonly make: (over: string, count: number) => Promise<unknown>;
}

describe('retention of bookkeeping (E22)', () => {
  const otklik = new TestOtklik({
    env: {
      CLEANUP_BATCH_SIZE: String(BATCH),
      WEBHOOK_RETENTION: 'P10D',
      MONITORING_RETENTION: 'P3D',
      ALERT_RETENTION: 'P20D',
      IDEMPOTENCY_RETENTION: 'P1D',
    },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());
  beforeEach(async () => {
    await otklik.database.execute(
      'truncate webhooks, events, idempotency_records, monitoring_samples, monitoring_states, monitoring_probes, alerts cascade',
    );
    // Whatever a run before passed over is looked at again.
    otklik.clock.advance(2 * DAY);
  });

  const insert = (sql: string, over: string, count: number, ...more: unknown[]) =>
    otklik.database.query(`${sql} from generate_series(1, $2::integer)`, [over, count, ...more]);

  const KINDS: readonly Bookkeeping[] = [
    {
      kind: 'deliveries',
      table: 'deliveries',
      keepFor: 10 * DAY,
      make: async (over, count) => {
        const webhookId = await makeWebhook(otklik.database);
        await insert(
          `insert into deliveries
                  (id, webhook_id, event_id, event_position, event_type, created_at, next_attempt_at, outcome, finished_at)
           select uuid_v7($1), $3, gen_random_uuid(), 1, 'message.received', $1, $1, 'delivered', $1`,
          over,
          count,
          webhookId,
        );
        await otklik.database.execute(
          `insert into attempts (delivery_id, number, started_at, duration_ms, request_headers)
           select id, 1, created_at, 1, '{}' from deliveries where webhook_id = '${webhookId}'`,
        );
      },
    },
    {
      kind: 'webhook_replays',
      table: 'webhook_replays',
      keepFor: 10 * DAY,
      make: async (over, count) =>
        insert(
          `insert into webhook_replays (id, webhook_id, since, until, only_failed, created_at, finished_at)
           select uuid_v7($1), $3, $1, $1, false, $1, $1`,
          over,
          count,
          await makeWebhook(otklik.database),
        ),
    },
    {
      kind: 'idempotency_keys',
      table: 'idempotency_records',
      // What has expired is over, whenever it was made.
      keepFor: 0,
      make: (over, count) =>
        insert(
          `insert into idempotency_records (owner_id, key, request_hash, message_id, created_at, expires_at)
           select gen_random_uuid(), 'key', 'hash', gen_random_uuid(), $1, $1`,
          over,
          count,
        ),
    },
    {
      kind: 'monitoring_samples',
      table: 'monitoring_samples',
      keepFor: 3 * DAY,
      make: (over, count) =>
        insert(
          `insert into monitoring_samples (id, service, instance, at, status, facts)
           select gen_random_uuid(), 'database', 'one', $1::timestamptz, 'healthy', '{}'`,
          over,
          count,
        ),
    },
    {
      kind: 'alerts',
      table: 'alerts',
      keepFor: 20 * DAY,
      make: (over, count) =>
        insert(
          `insert into alerts (id, service, severity, message, raised_at, changed_at, resolved_at)
           select gen_random_uuid(), 'database', 'degraded', 'It was slow.', $1, $1, $1`,
          over,
          count,
        ),
    },
  ];

  const kindOf = (kind: RetentionKind['name']) =>
    otklik.part(RetentionKinds).all.find(({ name }) => name === kind) ?? fail();
  const run = (stopping?: AbortSignal) => otklik.part(Retention).run(stopping);
  const askFor = async (dryRun: boolean) =>
    (await otklik.api.post<RetentionView>('/api/system/retention/run', { dryRun })).body.data;
  const stateOf = async (name: string) => (await askFor(true)).find(({ kind }) => kind === name);

  async function countOf(table: string): Promise<number> {
    const [row] = await otklik.database.query<{ count: number }>(
      `select count(*)::int as count from ${table}`,
    );
    return row?.count ?? 0;
  }
  const counts = async () =>
    Object.fromEntries(
      await Promise.all(KINDS.map(async ({ kind, table }) => [kind, await countOf(table)] as const)),
    );
  const each = (count: number) => Object.fromEntries(KINDS.map(({ kind }) => [kind, count]));

  /** Of each kind some that are old, by a second, and fewer that are not. */
  async function makeAll(): Promise<void> {
    for (const { keepFor, make } of KINDS) {
      await make(otklik.clock.iso(-keepFor - SECOND), OLD);
      await make(otklik.clock.iso(-keepFor + SECOND), 2);
    }
  }

  it('shows what would go, and a dry run changes nothing', async () => {
    await makeAll();
    const shown = await otklik.api.get<RetentionView>('/api/system/retention');
    const dry = await askFor(true);
    expect(dry).toEqual(shown.body.data);
    expect(dry.map(({ kind }) => kind)).toEqual(RETENTION_KINDS);
    for (const { kind, keepFor } of KINDS)
      expect(dry.find((state) => state.kind === kind)).toEqual({
        kind,
        keepForMs: keepFor === 0 ? DAY : keepFor,
        before: otklik.clock.iso(-keepFor),
        due: OLD,
        dueIsMore: false,
        lastRun: null,
      });
    expect(await counts()).toEqual(each(OLD + 2));
  });

  it('deletes what is old and nothing else, of each kind', async () => {
    await makeAll();
    expect(await run()).toEqual({ handled: KINDS.length * OLD });
    expect(await counts()).toEqual(each(2));
    expect(await countOf('attempts')).toBe(2);
    for (const { kind } of KINDS)
      expect(await stateOf(kind)).toMatchObject({
        due: 0,
        lastRun: { finishedAt: otklik.clock.iso(), deleted: OLD, durationMs: expect.any(Number) },
      });
    otklik.clock.advance(HOUR);
    expect(await run()).toEqual({ handled: KINDS.length * 2 });
    expect(await counts()).toEqual(each(0));
  });

  it('costs a statement for each kind and one for all where it finds nothing, and says when that was', async () => {
    const queries = jest.spyOn(otklik.part(DataSource), 'query');
    const transactions = jest.spyOn(otklik.part(Transactor), 'run');
    expect(await run()).toEqual({ handled: 0 });
    // The way forward in time has woken others, which ask for something else.
    const asked = queries.mock.calls.filter(([sql]) => /limit 1$|retention_runs/.test(sql.trim()));
    const begun = transactions.mock.calls.length;
    queries.mockRestore();
    transactions.mockRestore();
    // Conversations are kept for ever here, and cost nothing.
    expect([asked.length, begun]).toEqual([RETENTION_KINDS.length, 0]);
    for (const { kind } of KINDS)
      expect((await stateOf(kind))?.lastRun).toMatchObject({ finishedAt: otklik.clock.iso(), deleted: 0 });
    // That of which nothing is deleted was not looked at.
    expect((await stateOf('conversations'))?.lastRun).toBeNull();
  });

  it.each(KINDS.map(({ kind }) => kind))(
    'deletes %s a batch at a time, and passes over what somebody holds',
    async (kind) => {
      const { table, make, keepFor } = KINDS.find((one) => one.kind === kind) ?? fail();
      await make(otklik.clock.iso(-keepFor - SECOND), OLD);
      const next = kindOf(kind).begin(new Date(otklik.clock.now() - keepFor));
      const batches: number[] = [];
      await otklik.database.during(`select from ${table} limit 1 for update`, async () => {
        for (let isOver = false; !isOver; ) {
          const batch = await next();
          batches.push(batch.deleted);
          isOver = batch.isOver;
        }
      });
      expect(batches.reduce((sum, deleted) => sum + deleted, 0)).toBe(OLD - 1);
      expect(Math.max(...batches)).toBe(BATCH);
      expect(batches).toHaveLength(3);
      expect(await countOf(table)).toBe(1);
    },
  );

  it('gives each kind its turn, and stops where it is cut off', async () => {
    await makeAll();
    const stopping = new AbortController();
    // The last in the order: by then all have had a turn.
    const alerts = kindOf('alerts');
    const begin = alerts.begin.bind(alerts);
    const begun = jest.spyOn(alerts, 'begin').mockImplementation((before) => {
      const next = begin(before);
      return () => next().finally(() => stopping.abort());
    });
    const cut = await run(stopping.signal);
    begun.mockRestore();
    expect(cut).toEqual({ handled: KINDS.length * BATCH });
    expect(await counts()).toEqual(each(OLD + 2 - BATCH));
    expect((await stateOf('deliveries'))?.lastRun).toMatchObject({ deleted: BATCH });
    expect(await run(AbortSignal.abort())).toEqual({ handled: 0 });
    expect(await run()).toEqual({ handled: KINDS.length * (OLD - BATCH) });
  });

  it('is not held up by a kind that fails, and says which', async () => {
    await makeAll();
    const lastRun = (await stateOf('monitoring_samples'))?.lastRun;
    await otklik.database.execute('alter table monitoring_samples rename to gone');
    await expect(run()).rejects.toThrow(/^monitoring_samples: .*does not exist$/);
    await otklik.database.execute('alter table gone rename to monitoring_samples');
    expect(await counts()).toEqual({ ...each(2), monitoring_samples: OLD + 2 });
    expect((await stateOf('monitoring_samples'))?.lastRun).toEqual(lastRun);
    expect(await run()).toEqual({ handled: OLD });
  });

  it('fails where it cannot be recorded, and says what was deleted all the same', async () => {
    await KINDS.find(({ kind }) => kind === 'alerts')?.make(otklik.clock.iso(-21 * DAY), 3);
    await otklik.database.execute(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
      create trigger refuse before insert on retention_runs for each row when (new.deleted > 0)
        execute function refuse()`);
    await expect(run()).rejects.toThrow(/^alerts: .*refused/);
    await otklik.database.execute('drop function refuse cascade');
    const told = otklik.log.entries(({ msg }) => msg === 'A deletion was not recorded');
    expect(told).toMatchObject([{ level: 'error', kind: 'alerts', deleted: 3 }]);
  });

  it('forgets the processes that the monitor saw at last then', async () => {
    const [old, young] = [otklik.clock.iso(-3 * DAY - SECOND), otklik.clock.iso(-3 * DAY + SECOND)];
    await otklik.database.query(
      `with probes as (insert into monitoring_probes (instance, written_at) values ('old', $1), ('young', $2))
       insert into monitoring_states (service, instance, status, seen_at)
       values ('database', 'old', 'healthy', $1), ('database', 'young', 'healthy', $2)`,
      [old, young],
    );
    await KINDS.find(({ kind }) => kind === 'monitoring_samples')?.make(old, BATCH);
    expect(await run()).toEqual({ handled: BATCH });
    for (const table of ['monitoring_probes', 'monitoring_states'])
      expect(await otklik.database.query(`select instance from ${table}`)).toEqual([{ instance: 'young' }]);
  });

  it('leaves open alerts, pending deliveries, late replays and keys that hold, however old they are', async () => {
    await makeAll();
    await otklik.database.execute(`
      delete from alerts where id <> (select id from alerts order by id limit 1);
      update alerts set resolved_at = null;
      update deliveries set outcome = null, finished_at = null;
      update webhook_replays set finished_at = null;
      update webhook_replays set finished_at = '${otklik.clock.iso()}'
       where id = (select id from webhook_replays order by id limit 1);
      update idempotency_records set expires_at = '2030-01-01'`);
    expect(await run()).toEqual({ handled: OLD });
    expect(await counts()).toEqual({ ...each(OLD + 2), alerts: 1, monitoring_samples: 2 });
    for (const kind of ['deliveries', 'webhook_replays', 'idempotency_keys', 'alerts'])
      expect(await stateOf(kind)).toMatchObject({ due: 0, dueIsMore: false });
  });

  it('stands in no audit log, as opposed to what people wrote', async () => {
    await makeEvent(otklik.database, { at: otklik.clock.iso(-91 * DAY) });
    await otklik.database.execute(
      'update statistics_follower set position = (select max(position) from events)',
    );
    await makeAll();
    expect(await run()).toEqual({ handled: KINDS.length * OLD + 1 });
    const { body } = await otklik.api.get<PageOf<AuditEntryView>>(
      '/api/system/audit?action=retention.deleted',
    );
    expect(body.data.map(({ subject, after }) => [subject, after?.deleted])).toEqual([['events', 1]]);
  });
});

function fail(): never {
  throw new Error('There is no such kind of data.');
}
