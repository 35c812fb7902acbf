import { hostname } from 'node:os';
import { Notifications } from '../src/database/notifications.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import type { ListedProcessView, ProcessView } from '../src/processes/process.schemas.js';
import { WorkerCensus } from '../src/processes/worker-census.js';
import type { PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

/** One that every installation has. */
const NAME = 'retention';
const PATH = `/api/system/processes/${NAME}`;

const ALL = [
  'alert-notices',
  'auto-close',
  'backups',
  'client-erasures',
  'escalation-claims',
  'event-fan-out',
  'monitoring',
  'reminder-policies',
  'reminders',
  'retention',
  'self-check',
  'statistics',
  'webhook-cleanup',
  'webhook-replays',
  'webhooks',
];

describe('the background processes', () => {
  const worker = new TestOtklik({ env: { ROLES: 'api,worker' } });
  const beside = new TestOtklik({ env: { ROLES: 'api,worker' }, beside: worker });
  const api = new TestOtklik({ beside: worker });
  beforeAll(async () => {
    await worker.start();
    await beside.start();
    await api.start();
  });
  afterAll(async () => {
    await api.stop();
    await beside.stop();
    await worker.stop();
  });
  afterEach(() => worker.api.post(`${PATH}/resume`, {}));

  async function stateAt(otklik: TestOtklik): Promise<ListedProcessView> {
    const { body } = await otklik.api.get<PageOf<ListedProcessView>>('/api/system/processes');
    const found = body.data.find(({ name }) => name === NAME);
    if (!found) throw new Error(`There is no ${NAME}.`);
    return found;
  }

  it('are listed by name, each with what it does and how it stands', async () => {
    await eventually(
      async () => (await stateAt(worker)).runs === 1 && (await stateAt(worker)).state === 'waiting',
    );
    const { status, body } = await worker.api.get<PageOf<ProcessView>>('/api/system/processes');
    expect(status).toBe(200);
    expect(body.data.map(({ name }) => name)).toEqual(ALL);
    expect(body.data.find(({ name }) => name === NAME)).toEqual({
      name: NAME,
      description: 'Deletes what is older than it is kept, of every kind of data.',
      state: 'waiting',
      pausedAt: null,
      lastRunAt: worker.clock.iso(),
      lastRunMs: expect.any(Number),
      lastError: null,
      nextRunAt: worker.clock.iso(3600 * SECOND),
      lagMs: 0,
      runs: 1,
      failedRuns: 0,
      handled: 0,
      failed: 0,
      workers: [expect.objectContaining({ runs: 1 }), expect.objectContaining({ runs: 1 })],
    });
  });

  it('are shown as they stand in each worker, whichever process is asked', async () => {
    await worker.database.execute('alter table idempotency_records rename to gone');
    await worker.api.post(`${PATH}/run`, {});
    const { workers } = await stateAt(api);
    await worker.database.execute('alter table gone rename to idempotency_records');
    await worker.api.post(`${PATH}/run`, {});
    const found = { host: hostname(), pid: process.pid, lastRunAt: worker.clock.iso(), lagMs: 0 };
    expect(workers.toSorted((a, b) => a.failedRuns - b.failedRuns)).toEqual([
      { ...found, state: 'waiting', lastError: null, runs: 1, failedRuns: 0 },
      {
        ...found,
        state: 'failing',
        lastError: expect.stringContaining('does not exist'),
        runs: 2,
        failedRuns: 1,
      },
    ]);
  });

  it('are shown although somebody says what nobody understands', async () => {
    for (const words of ['hello', '{"answers":"x","worker":{"id":1}}'])
      await worker.database.query(`select pg_notify('otklik_census', $1)`, [words]);
    expect((await stateAt(api)).workers).toHaveLength(2);
  });

  it('do not run where the role worker is missing, which the list says', async () => {
    expect(await stateAt(api)).toMatchObject({ state: 'not_here', runs: 0, nextRunAt: null });
  });

  it('are run by hand: the answer comes after the run', async () => {
    const before = await stateAt(worker);
    const { status, body } = await worker.api.post<ProcessView>(`${PATH}/run`, {});
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'waiting', runs: before.runs + 1 });
  });

  it('are run by the workers where an api process is asked', async () => {
    const before = [(await stateAt(worker)).runs, (await stateAt(beside)).runs];
    expect((await api.api.post(`${PATH}/run`, {})).body).toMatchObject({ state: 'not_here', runs: 0 });
    await eventually(async () => (await stateAt(worker)).runs === (before[0] ?? 0) + 1);
    await eventually(async () => (await stateAt(beside)).runs === (before[1] ?? 0) + 1);
  });

  it('are paused for all processes, whoever is asked, and go on for all', async () => {
    const { status, body } = await api.api.post<ProcessView>(`${PATH}/pause`, {});
    expect(status).toBe(200);
    expect(body.pausedAt).toBe(worker.clock.iso());
    for (const otklik of [worker, beside]) {
      await eventually(async () => (await stateAt(otklik)).state === 'paused');
      expect(await stateAt(otklik)).toMatchObject({ pausedAt: worker.clock.iso(), nextRunAt: null });
    }
    await worker.api.post(`${PATH}/resume`, {});
    for (const otklik of [worker, beside]) {
      await eventually(async () => (await stateAt(otklik)).state === 'waiting');
      expect((await stateAt(otklik)).pausedAt).toBeNull();
    }
  });

  it('stay paused over a restart, and can be run by hand meanwhile', async () => {
    await worker.api.post(`${PATH}/pause`, {});
    await beside.stopServing();
    await beside.start();
    expect(await stateAt(beside)).toMatchObject({ state: 'paused', runs: 0, pausedAt: worker.clock.iso() });
    const { body } = await beside.api.post<ProcessView>(`${PATH}/run`, {});
    expect(body).toMatchObject({ state: 'paused', runs: 1 });
  });

  it('keep the time of the first of two pauses', async () => {
    const { body: first } = await worker.api.post<ProcessView>(`${PATH}/pause`, {});
    worker.clock.advance(SECOND);
    const { body: second } = await worker.api.post<ProcessView>(`${PATH}/pause`, {});
    expect(second.pausedAt).toBe(first.pausedAt);
  });

  it('that do not exist are not found; names that cannot be one are refused', async () => {
    const { status, body } = await worker.api.post('/api/system/processes/laundry/run', {});
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'process_not_found', detail: 'There is no process laundry.' });
    expect((await worker.api.post('/api/system/processes/A%20B/run', {})).status).toBe(400);
  });

  it('are woken by what somebody says, unless nobody understands it', async () => {
    const { runs } = await stateAt(worker);
    for (const words of ['hello', 'null', `{"${NAME}":"now"}`, '{"laundry":0}', `{"${NAME}":0}`])
      await worker.database.query(`select pg_notify('otklik_wakeups', $1)`, [words]);
    await eventually(async () => (await stateAt(worker)).runs > runs);
  });

  it('find by themselves, before long, what they were not told', async () => {
    await beside.stopServing();
    await beside.start();
    const state = () => beside.part(BackgroundProcesses).status(NAME).state;
    await eventually(() => state() === 'waiting');
    for (const [pausedAt, found] of [
      [worker.clock.iso(), 'paused'],
      [null, 'waiting'],
    ]) {
      await worker.database.query('update background_processes set paused_at = $2 where name = $1', [
        NAME,
        pausedAt,
      ]);
      await eventually(() => {
        worker.clock.advance(15 * SECOND);
        return state() === found;
      });
    }
  });

  it('run once they hear again, for nobody knows what they were woken for', async () => {
    const { runs } = await eventually(
      () => stateAt(worker),
      ({ nextRunAt }) => (nextRunAt ?? '') > worker.clock.iso(MINUTE),
    );
    await worker.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'otklik notifications'`,
    );
    await eventually(() => !worker.part(Notifications).isListening);
    worker.clock.advance(SECOND);
    await eventually(async () => (await stateAt(worker)).runs > runs);
  });

  it('hear of what an api process does even after the database was lost', async () => {
    await worker.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'otklik notifications'`,
    );
    await eventually(async () => {
      worker.clock.advance(SECOND);
      const heard = await worker.database.query(
        `select from pg_stat_activity where datname = current_database()
            and application_name = 'otklik notifications' and query like 'listen%'`,
      );
      return heard.length === 3;
    });
    const { runs } = await stateAt(worker);
    await api.api.post(`${PATH}/run`, {});
    await eventually(async () => (await stateAt(worker)).runs > runs);
  });

  it('are shown however long they say why they fail, which must fit into a notification', async () => {
    const failing = async (count: number, words: string) => {
      const processes = worker.part(BackgroundProcesses);
      for (let n = 0; n < count; n++) {
        const name = `failing-${words.length}-${n}`;
        const run = () => Promise.reject(new Error(words));
        processes.register({ name, description: 'Fails.', interval: HOUR, run });
        await processes.runner(name).runNow();
      }
      const workers = await api.part(WorkerCensus).workers();
      expect(workers).toHaveLength(2);
      return workers.flatMap(({ processes }) => processes.map(({ lastError }) => lastError ?? 'none'));
    };
    expect(await failing(1, 'x'.repeat(9_000))).toContain('x'.repeat(200));
    expect(new Set(await failing(15, '☎'.repeat(200)))).toEqual(new Set(['none']));
  });
});
