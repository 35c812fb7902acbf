import { randomUUID } from 'node:crypto';
import { MonitorJournal } from '../src/monitoring/monitor-journal.js';
import type {
  CheckedView,
  MonitoringView,
  SampleView,
  ServiceHealthView,
  SystemHealthView,
} from '../src/monitoring/monitoring.schemas.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import { eventually } from './support/eventually.js';
import { DAY, HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

const MANUAL = { ROLES: 'api,worker', MONITORING_INTERVAL: 'PT1H', SELF_CHECK_INTERVAL: 'P1D' };

describe('the monitor (V1)', () => {
  const otklik = new TestOtklik({ env: { ...MANUAL, CLEANUP_BATCH_SIZE: '3' } });
  const api = new TestOtklik({ beside: otklik, env: { MONITORING_INTERVAL: 'PT1H' } });
  beforeAll(async () => {
    await otklik.start();
    await api.start();
  });
  afterAll(async () => {
    await api.stop();
    await otklik.stop();
  });

  const run = (process = 'monitoring') => otklik.api.post(`/api/system/processes/${process}/run`, {});
  const overview = async (query = '') =>
    (await api.api.get<SystemHealthView>(`/api/system/health${query}`)).body;
  const reportOf = async (service: string, query = '') =>
    (await overview(query)).services.find((report) => report.service === service);
  const stored = () =>
    otklik.database.query<{ count: number }>('select count(*)::int from monitoring_samples');

  it('writes and reads in the database, and keeps what it saw', async () => {
    await run();
    const { status, body } = await api.api.get<ServiceHealthView>('/api/system/health/database');
    expect(status).toBe(200);
    expect(body.data[0]).toMatchObject({
      service: 'database',
      status: 'healthy',
      latencyMs: expect.any(Number),
      at: otklik.clock.iso(),
      facts: {
        isWritten: true,
        max: 10,
        inUse: expect.any(Number),
        serverConnections: expect.any(Number),
        serverMaxConnections: expect.any(Number),
        sharedBuffersBytes: expect.any(Number),
      },
    });
    const [probe] = await otklik.database.query<{ at: Date }>(
      'select written_at as at from monitoring_probes',
    );
    expect(probe?.at.toISOString()).toBe(otklik.clock.iso());
  });

  it('reports each part, with percentiles of the time that answers took', async () => {
    const { services, monitoring, since } = await overview();
    expect(since).toBe(otklik.clock.iso(-HOUR));
    expect(monitoring).toMatchObject({ running: true, interval: 'PT1H' });
    expect(services.map(({ service }) => service).toSorted()).toEqual([
      'backups',
      'database',
      'disk',
      'openai',
      'process',
      'redis',
      'replicas',
      'scheduler',
      'selfCheck',
      'webhook',
    ]);
    expect(await reportOf('openai')).toMatchObject({
      status: 'unknown',
      last: null,
      samples: 0,
      healthyShare: null,
    });
    // Ten answers of 1 to 10 ms, an hour ago.
    await otklik.database.query(
      `insert into monitoring_samples (id, service, instance, at, status, latency_ms, facts)
       select gen_random_uuid(), 'redis', 'spec', $1, case when ms > 8 then 'unhealthy' when ms > 7 then 'degraded' else 'healthy' end, ms, '{}'
         from generate_series(1, 10) ms`,
      [new Date(otklik.clock.now() - 30 * MINUTE)],
    );
    expect(await reportOf('redis')).toMatchObject({
      samples: 10,
      healthyShare: 0.8,
      latency: { p50: 5.5, p95: 9.55, p99: 9.91, max: 10 },
    });
    expect(await reportOf('redis', '?period=PT10M')).toMatchObject({ samples: 0, latency: { p50: null } });
  });

  it('has the history in pages, newest first', async () => {
    const path = '/api/system/health/redis?limit=4';
    const seen = await api.api.all<SampleView>(path);
    expect(seen).toHaveLength(10);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(10);
    expect((await api.api.get('/api/system/health/nothing')).status).toBe(404);
  });

  it('looks at once when somebody asks, also from a process that is no worker', async () => {
    const before = await stored();
    const { status, body } = await api.api.post<CheckedView>('/api/system/health/check', {});
    expect(status).toBe(200);
    expect(body.services.map(({ service }) => service)).toEqual(
      expect.arrayContaining(['database', 'process']),
    );
    const after = await stored();
    expect(after[0]?.count).toBe((before[0]?.count ?? 0) + body.services.length);
  });

  it('is set and started for all processes, and stopped for all of them across restarts', async () => {
    const start = (body: unknown) => api.api.post<MonitoringView>('/api/system/monitoring/start', body);
    const { body } = await start({ interval: 'PT20S', thresholds: { samplesToWorsen: 5 } });
    expect(body).toEqual({
      running: true,
      interval: 'PT20S',
      thresholds: {
        responseTimeDegraded: 'PT30S',
        responseTimeUnhealthy: 'PT45S',
        samplesToWorsen: 5,
        samplesToRecover: 3,
      },
    });
    // What is left out stays.
    const more = { samplesToRecover: 1, responseTimeDegraded: 'PT40S' };
    expect((await start({ thresholds: more })).body).toMatchObject({
      interval: 'PT20S',
      thresholds: { samplesToWorsen: 5, ...more },
    });
    // It has to fit what was set before.
    expect((await start({ thresholds: { responseTimeUnhealthy: 'PT35S' } })).status).toBe(400);
    // It looks at once, and from then on as often as that.
    await eventually(
      () => otklik.part(BackgroundProcesses).status('monitoring').nextRunAt,
      (at) => at === otklik.clock.now() + 20 * SECOND,
    );

    const stopped = await api.api.post<MonitoringView>('/api/system/monitoring/stop', {});
    expect(stopped.body).toMatchObject({ running: false, interval: 'PT20S' });
    await otklik.stopServing();
    await otklik.start();
    expect((await overview()).monitoring).toMatchObject({ running: false, interval: 'PT20S' });
    const { body: processes } = await otklik.api.get<{
      data: { name: string; state: string; runs: number }[];
    }>('/api/system/processes');
    expect(processes.data.find(({ name }) => name === 'monitoring')).toMatchObject({
      state: 'paused',
      runs: 0,
    });
    await start({ interval: 'PT1H' });
  });

  it.each([
    [{ interval: 'PT0.5S' }, 'interval'],
    [{ interval: 'soon' }, 'interval'],
    [{ thresholds: { samplesToWorsen: 0 } }, 'thresholds.samplesToWorsen'],
    [{ thresholds: { responseTimeDegraded: 'PT50S' } }, 'thresholds.responseTimeDegraded'],
    [{ thresholds: { pulse: 1 } }, 'thresholds.pulse'],
  ])('refuses %j', async (body, path) => {
    const { status, body: problem } = await api.api.refused('POST', '/api/system/monitoring/start', {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    expect([status, problem.errors?.[0]?.path]).toEqual([400, path]);
  });

  it('forgets what is older than MONITORING_RETENTION, a batch at a time', async () => {
    // Those of the spec's own are half an hour older than the rest.
    otklik.clock.advance(7 * DAY - 20 * MINUTE);
    const count = async (service: string) => (await reportOf(service, '?period=P31D'))?.samples ?? 0;
    await run('retention');
    expect(await count('redis')).toBe(0);
    expect(await count('database')).toBeGreaterThan(1);
  });

  it('writes down what it saw once in MONITORING_HISTORY_INTERVAL, each sample once', async () => {
    /** When the samples were taken that are written since the last time. */
    const written = async () => {
      const rows = await otklik.database.query<{ at: Date }>(
        `select at from monitoring_samples where service = 'database' order by at`,
      );
      await otklik.database.execute('delete from monitoring_samples');
      return rows.map(({ at }) => at.toISOString());
    };
    otklik.clock.advance(MINUTE);
    await run();
    await written();
    otklik.clock.advance(20 * SECOND);
    await run();
    expect(await written()).toEqual([]);
    otklik.clock.advance(40 * SECOND);
    await run();
    expect((await reportOf('database'))?.last?.at).toBe(otklik.clock.iso());
    expect(await written()).toEqual([otklik.clock.iso(-40 * SECOND), otklik.clock.iso()]);
    otklik.clock.advance(MINUTE);
    await run();
    expect(await written()).toEqual([otklik.clock.iso()]);
  });

  it('keeps 5,000 samples for a database that is away, the newest', async () => {
    const journal = otklik.part(MonitorJournal);
    journal.note(
      Array.from({ length: 5_001 }, (_, number) => ({
        id: randomUUID(),
        service: 'spec',
        instance: 'spec',
        at: new Date(otklik.clock.now()),
        status: 'healthy',
        latencyMs: number,
        message: null,
        facts: {},
      })),
    );
    await journal.write([], HOUR);
    expect(
      await otklik.database.query(
        `select count(*)::int, min(latency_ms) as first from monitoring_samples where service = 'spec'`,
      ),
    ).toEqual([{ count: 5_000, first: 1 }]);
  });
});
