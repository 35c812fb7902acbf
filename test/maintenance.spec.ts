import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { Notifications } from '../src/database/notifications.js';
import type { Problem } from '../src/http/problem.js';
import type { MaintenanceView } from '../src/maintenance/maintenance.schemas.js';
import { MaintenanceMode } from '../src/maintenance/maintenance-mode.js';
import type { ProcessView } from '../src/processes/process.schemas.js';
import type { Answer, PageOf } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const PATH = '/api/system/maintenance';
const REASON = 'The database moves until 10:00.';

describe('maintenance', () => {
  const otklik = new TestOtklik({ env: { MAINTENANCE_RETRY_AFTER: 'PT89.5S' } });
  const worker = new TestOtklik({ env: { ROLES: 'api,worker' }, beside: otklik });
  beforeAll(async () => {
    await otklik.start();
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await otklik.stop();
  });
  afterEach(async () => {
    await change({ enabled: false });
    await isHeard(worker, false);
  });

  const change = (body: unknown, at = otklik): Promise<Answer<MaintenanceView>> =>
    at.api.post<MaintenanceView>(PATH, body);
  const isHeard = (at: TestOtklik, isOn: boolean) => eventually(() => at.part(MaintenanceMode).isOn === isOn);
  const message = (at: TestOtklik) => at.receive({ clientId: newClient(), content: 'Hello' });

  async function processes(): Promise<ProcessView[]> {
    return (await worker.api.get<PageOf<ProcessView>>('/api/system/processes')).body.data;
  }

  it('is entered and left, and says why, since when and by whom', async () => {
    expect((await otklik.api.get(PATH)).body).toEqual({
      enabled: false,
      reason: null,
      since: null,
      by: null,
    });
    const on = { enabled: true, reason: REASON, since: otklik.clock.iso(), by: 'administrator' };
    const { status, body } = await change({ enabled: true, reason: REASON });
    expect({ status, body }).toEqual({ status: 200, body: on });
    expect((await worker.api.get(PATH)).body).toEqual(on);
    expect((await change({ enabled: false })).body).toMatchObject({ enabled: false, reason: null });
    expect((await change({ enabled: false })).status).toBe(200);
  });

  it('refuses what would change data, with the reason and when to come back', async () => {
    const { conversationId } = await otklik.accept({ clientId: 'reader', content: 'Hello' });
    await change({ enabled: true, reason: REASON });
    const writes: [method: string, path: string][] = [
      ['POST', '/api/messages'],
      ['POST', `/api/conversations/${conversationId}/replies`],
      ['POST', '/api/webhooks'],
      ['PUT', '/api/reminder-policies/low'],
      ['DELETE', '/api/clients/reader'],
    ];
    for (const [method, path] of writes) {
      const { status, headers, body } = await otklik.api.refused(method, path, {
        ...(method !== 'DELETE' && { body: '{}', headers: { 'content-type': 'application/json' } }),
      });
      expect({ path, status, code: body.code }).toEqual({ path, status: 503, code: 'maintenance' });
      expect(headers['retry-after']).toBe('90');
      expect(body.detail).toContain(REASON);
    }
    expect(otklik.log.entries(({ level, msg }) => level === 'warn' && msg.includes(REASON))).toEqual([]);
  });

  it('lets reading and administration go on', async () => {
    const { conversationId } = await otklik.accept({ clientId: 'reader', content: 'Again' });
    await change({ enabled: true, reason: REASON });
    for (const path of [
      '/api/messages?clientId=reader',
      `/api/conversations/${conversationId}`,
      '/api/clients/reader/export',
      '/api/events',
      '/api/system/processes',
      '/metrics',
      '/health',
      '/openapi.json',
    ]) {
      expect([path, (await otklik.api.get(path)).status]).toEqual([path, 200]);
    }
    expect((await otklik.api.send('HEAD', '/metrics')).status).toBe(200);
    const key = await otklik.createKey({ name: 'made in maintenance', scopes: ['messages:read'] });
    expect((await otklik.api.delete(`/api/api-keys/${key.id}`)).status).toBe(204);
    expect((await otklik.api.post('/api/system/retention/run', { dryRun: true })).status).toBe(200);
  });

  it.each([
    ['a worker', () => worker],
    ['a process that would ask the workers', () => otklik],
  ])('runs nothing in %s that changes something, whoever wants it', async (_, at) => {
    await change({ enabled: true, reason: REASON });
    await isHeard(worker, true);
    const runs = async () => (await processes()).find(({ name }) => name === 'reminders')?.runs;
    const before = await runs();
    for (const [path, body] of [
      ['processes/reminders/run', '{}'],
      ['retention/run', '{"dryRun":false}'],
    ] as const) {
      const {
        status,
        headers,
        body: problem,
      } = await at().api.refused('POST', `/api/system/${path}`, {
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect({ path, status, code: problem.code }).toEqual({ path, status: 503, code: 'maintenance' });
      expect(headers['retry-after']).toBe(at() === otklik ? '90' : '30');
      expect(problem.detail).toContain(REASON);
    }
    // Nor what somebody wanted before it was.
    await otklik.database.execute(
      `insert into background_processes as process (name, run_requests) values ('reminders', 1)
       on conflict (name) do update set run_requests = process.run_requests + 1`,
    );
    expect(await runs()).toBe(before);
    for (const name of ['alert-notices', 'backups', 'monitoring']) {
      expect((await at().api.post(`/api/system/processes/${name}/run`, {})).status).toBe(200);
    }
  });

  it('tells nobody why who has no key', async () => {
    await change({ enabled: true, reason: REASON });
    const { status, body } = await otklik.api
      .withKey(undefined)
      .post<Problem>('/api/messages', { clientId: 'x', content: 'y' });
    expect(status).toBe(401);
    expect(JSON.stringify(body)).not.toContain(REASON);
  });

  it('holds for all processes at once, whichever was asked, and is over for all', async () => {
    await change({ enabled: true, reason: REASON }, worker);
    await isHeard(otklik, true);
    expect((await message(otklik)).status).toBe(503);
    await change({ enabled: false }, otklik);
    await isHeard(worker, false);
    expect((await message(worker)).status).toBe(201);
  });

  it('is found by a process that was not told, before long', async () => {
    await otklik.database.execute(
      `insert into maintenance values (true, gen_random_uuid(), '${REASON}', now(), 'nobody')`,
    );
    expect((await message(worker)).status).toBe(201);
    otklik.clock.advance(30 * SECOND);
    await isHeard(worker, true);
    expect((await message(worker)).status).toBe(503);
  });

  it('is found at once where the connection on which it is told was lost', async () => {
    await otklik.database.execute(
      `insert into maintenance values (true, gen_random_uuid(), '${REASON}', now(), 'nobody');
       select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'otklik notifications'`,
    );
    for (const at of [otklik, worker]) await eventually(() => !at.part(Notifications).isListening);
    otklik.clock.advance(SECOND);
    for (const at of [otklik, worker]) await isHeard(at, true);
  });

  it('goes on, or not, as it was last heard, where it cannot be asked for; and is asked for again', async () => {
    await change({ enabled: true, reason: REASON });
    await isHeard(worker, true);
    await otklik.database.execute('alter table maintenance rename to gone');
    otklik.clock.advance(30 * SECOND);
    const failures = () => worker.log.entries(({ msg }) => msg.startsWith('Whether it is maintenance'));
    await eventually(() => failures().length === 1);
    expect((await message(worker)).status).toBe(503);
    await otklik.database.execute('alter table gone rename to maintenance; delete from maintenance');
    await eventually(() => {
      otklik.clock.advance(30 * SECOND);
      return !worker.part(MaintenanceMode).isOn;
    });
  });

  it('survives a restart, and is there before the first request', async () => {
    await change({ enabled: true, reason: REASON });
    await isHeard(worker, true);
    await worker.stopServing();
    await worker.start();
    expect((await message(worker)).status).toBe(503);
    const held = (await processes()).filter(({ state }) => state !== 'paused').map(({ name }) => name);
    expect(held).toEqual(['alert-notices', 'backups', 'monitoring']);
  });

  it('turns readiness off, and liveness not', async () => {
    expect((await otklik.api.get('/health/ready')).status).toBe(200);
    await change({ enabled: true });
    const { status, body } = await otklik.api.get<{ checks: object }>('/health/ready');
    expect(status).toBe(503);
    expect(body.checks).toMatchObject({ process: { status: 'unhealthy', message: 'maintenance' } });
    expect((await otklik.api.get('/health/live')).status).toBe(200);
  });

  it('pauses what goes on by itself, but for what looks after Otklik, and all catches up afterwards', async () => {
    await change({ enabled: true, reason: REASON });
    await isHeard(worker, true);
    await eventually(async () =>
      (await processes()).every(({ name, state }) =>
        ['alert-notices', 'backups', 'monitoring'].includes(name) ? state === 'waiting' : state === 'paused',
      ),
    );
    const runs = async (name: string) => (await processes()).find((one) => one.name === name)?.runs ?? 0;
    const [before, watched] = [await runs('auto-close'), await runs('monitoring')];
    otklik.clock.advance(30 * MINUTE);
    await eventually(async () => (await runs('monitoring')) > watched);
    expect(await runs('auto-close')).toBe(before);
    await change({ enabled: false });
    await eventually(async () => (await runs('auto-close')) > before);
  });

  it('does not resume what somebody has paused', async () => {
    await otklik.api.post('/api/system/processes/statistics/pause', {});
    await change({ enabled: true, reason: REASON });
    await isHeard(worker, true);
    await change({ enabled: false });
    await isHeard(worker, false);
    const states = Object.fromEntries((await processes()).map(({ name, state }) => [name, state]));
    expect(states.statistics).toBe('paused');
    expect(states['auto-close']).not.toBe('paused');
    await otklik.api.post('/api/system/processes/statistics/resume', {});
  });

  describe('that is entered for some work', () => {
    const during = (work: () => Promise<unknown>) => otklik.part(MaintenanceMode).during('Work.', work);

    it('is left after it, also where it failed', async () => {
      await during(async () => expect((await otklik.api.get(PATH)).body).toMatchObject({ reason: 'Work.' }));
      expect((await otklik.api.get(PATH)).body).toMatchObject({ enabled: false });
      await expect(during(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
      expect((await otklik.api.get(PATH)).body).toMatchObject({ enabled: false });
    });

    it('is not left where it was entered before', async () => {
      await change({ enabled: true, reason: REASON });
      await during(async () => undefined);
      expect((await otklik.api.get(PATH)).body).toMatchObject({ enabled: true, reason: REASON });
    });

    it('is not left where somebody wanted it meanwhile', async () => {
      await during(() => change({ enabled: true }));
      expect((await otklik.api.get(PATH)).body).toMatchObject({
        enabled: true,
        reason: 'An administrator works on this installation.',
      });
    });
  });

  it.each([
    ['nothing', {}],
    ['a reason that is empty', { enabled: true, reason: ' ' }],
    ['a reason of several lines', { enabled: true, reason: 'a\nb' }],
    ['something else', { enabled: true, until: 'tomorrow' }],
  ])('is not entered with %s', async (_, body) => {
    expect((await change(body)).status).toBe(400);
    expect((await otklik.api.get(PATH)).body).toMatchObject({ enabled: false });
  });

  it('is in the audit log once for each change', async () => {
    otklik.clock.advance(SECOND);
    const since = encodeURIComponent(otklik.clock.iso());
    await change({ enabled: true, reason: REASON });
    await change({ enabled: false });
    await change({ enabled: false });
    const { body } = await otklik.api.get<PageOf<AuditEntryView>>(`/api/system/audit?since=${since}`);
    expect(body.data.map(({ action }) => action)).toEqual(['maintenance.left', 'maintenance.entered']);
    expect(body.data[0]?.before).toMatchObject({ reason: REASON });
  });
});

describe('maintenance behind a load balancer that asks for readiness', () => {
  const otklik = new TestOtklik({ env: { MAINTENANCE_READINESS: 'ready' } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  it('leaves a process ready with MAINTENANCE_READINESS=ready', async () => {
    await otklik.api.post(PATH, { enabled: true });
    expect((await otklik.api.get('/health/ready')).status).toBe(200);
    expect((await otklik.receive({ clientId: newClient(), content: 'Hello' })).status).toBe(503);
  });
});
