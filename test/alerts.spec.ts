import type { EventView } from '../src/events/event.schemas.js';
import type { AlertView } from '../src/monitoring/alerts/alert.schemas.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import { AlertReceiver, ROUTING_KEY } from './support/alert-receiver.js';
import { eventually } from './support/eventually.js';
import { HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TestDatabase } from './support/test-database.js';
import { TestOtklik } from './support/test-otklik.js';

const ENV = {
  ROLES: 'api,worker',
  MONITORING_INTERVAL: 'PT1H',
  MONITORING_SAMPLES_TO_WORSEN: '2',
  MONITORING_SAMPLES_TO_RECOVER: '2',
  SELF_CHECK_INTERVAL: 'P1D',
  ALERT_SOURCE: 'shop',
  ALERT_BREAKER_FAILURES: '1000',
  WEBHOOK_ALLOW_HTTP: 'true',
  WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
};

let receiver: AlertReceiver;
let first: TestOtklik;
let second: TestOtklik;

beforeEach(async () => {
  receiver = await AlertReceiver.start();
  first = new TestOtklik({ env: { ...ENV, ...receiver.env } });
  second = new TestOtklik({ beside: first, env: { ...ENV, ...receiver.env } });
  await first.start();
  await second.start();
  // The look of the start is over then.
  await look(1);
  await look(1, second);
});
afterEach(async () => {
  await second.stop();
  await first.stop();
  await receiver.stop();
});

/** Has a process look so many times. */
async function look(times: number, otklik = first): Promise<void> {
  for (let time = 0; time < times; time++) {
    const runner = otklik.part(BackgroundProcesses).runner('monitoring');
    await runner.runWhole();
    expect(runner.status.lastError).toBeUndefined();
  }
}

/** Pauses it, and waits for what it was doing. */
async function pause(process: string, otklik = first): Promise<void> {
  await otklik.api.post(`/api/system/processes/${process}/pause`, {});
  await eventually(() => otklik.part(BackgroundProcesses).status(process).state === 'paused');
}

/** How long the notices that were not taken after so many attempts wait for the next, in seconds; longer: under way. */
async function waitsAfter(attempts: number): Promise<number[]> {
  const rows = await first.database.query<{ wait: number }>(
    `select extract(epoch from next_attempt_at - $1)::float8 as wait from alert_notices
      where attempts = $2 and last_error is not null`,
    [new Date(first.clock.now()), attempts],
  );
  return rows.map(({ wait }) => wait);
}

const resume = (process: string) => first.api.post(`/api/system/processes/${process}/resume`, {});

const alerts = async (query = '') => first.api.all<AlertView>(`/api/system/alerts${query}`);

const told = async () =>
  (await first.api.all<EventView>('/api/events'))
    .filter(({ type }) => type.startsWith('alert.'))
    .map(({ type, data }) => [type, (data as { severity: string }).severity])
    .toReversed();

/** Waits for both to have taken so many. */
const taken = (count: number) =>
  eventually(() => receiver.slack.length >= count && receiver.pagerDuty.length >= count);

describe('alerts (V1, C8)', () => {
  it('are raised and resolved once, by events, Slack and PagerDuty, however many processes see it', async () => {
    await look(2);
    await look(2, second);
    expect(await alerts()).toEqual([]);
    await pause('reminders');
    // The other worker has heard of it.
    await eventually(
      () => second.api.get<{ status: string }>('/health/scheduler'),
      ({ body }) => body.status === 'degraded',
    );
    await look(1);
    await look(1, second);
    expect(await alerts()).toEqual([]);
    await Promise.all([look(1), look(1, second)]);
    await look(2);
    await taken(1);
    const [alert, ...others] = await eventually(
      () => alerts('?status=open'),
      ([open]) => open?.notices.every(({ status }) => status === 'sent') ?? false,
    );
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      service: 'scheduler',
      status: 'open',
      severity: 'degraded',
      message: 'paused',
      raisedAt: first.clock.iso(),
      resolvedAt: null,
    });
    expect(alert?.notices).toMatchObject([
      { channel: 'slack', action: 'raise', status: 'sent', attempts: 1, lastError: null },
      { channel: 'pagerduty', action: 'raise', status: 'sent', attempts: 1, lastError: null },
    ]);

    await resume('reminders');
    await eventually(
      () => second.api.get<{ status: string }>('/health/scheduler'),
      ({ body }) => body.status === 'healthy',
    );
    // One of them alone does not make it well.
    await look(2);
    expect(await alerts('?status=open')).toHaveLength(1);
    await look(1, second);
    first.clock.advance(MINUTE);
    const { looks } = await first.database.during('select from alerts for update', async () => {
      const looks = [look(1, second)];
      await first.database.untilBlocked(1);
      looks.push(look(1));
      await first.database.untilBlocked(2);
      return { looks: Promise.all(looks) };
    });
    await looks;
    await taken(2);
    expect(await alerts('?status=open')).toEqual([]);
    expect(await told()).toEqual([
      ['alert.raised', 'degraded'],
      ['alert.resolved', 'degraded'],
    ]);
    expect(receiver.requests).toBe(4);
    expect(receiver.slack.map(({ text }) => text)).toEqual([
      'shop: scheduler is degraded: paused',
      'shop: scheduler is healthy again',
    ]);
    expect(receiver.pagerDuty).toMatchObject([
      {
        routing_key: ROUTING_KEY,
        event_action: 'trigger',
        dedup_key: 'shop:scheduler',
        payload: { severity: 'warning', source: 'shop', component: 'scheduler' },
      },
      { routing_key: ROUTING_KEY, event_action: 'resolve', dedup_key: 'shop:scheduler' },
    ]);
  });

  it('stay the same alert when it gets worse', async () => {
    await first.database.execute('alter table reminders rename column lease_token to mislaid');
    await first.api.post('/api/system/processes/reminders/run', {});
    await look(2);
    first.clock.advance(MINUTE + 1000);
    await look(2);
    await taken(2);
    expect(await told()).toEqual([
      ['alert.raised', 'degraded'],
      ['alert.raised', 'unhealthy'],
    ]);
    const [alert, ...others] = await alerts();
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ severity: 'unhealthy', message: expect.stringContaining('lease_token') });
    expect(receiver.pagerDuty.map(({ dedup_key, payload }) => [dedup_key, payload?.severity])).toEqual([
      ['shop:scheduler', 'warning'],
      ['shop:scheduler', 'critical'],
    ]);
    await first.database.execute('alter table reminders rename column mislaid to lease_token');
  });

  it('are told again and again until they are taken, in their order', async () => {
    // Slack and PagerDuty have one try and three repetitions each, and that twice.
    receiver.fail(...Array.from({ length: 16 }, () => ({ status: 500 })));
    await pause('self-check');
    await look(2);
    const failed = await eventually(
      async () => (await alerts())[0]?.notices,
      (notices) => notices?.every(({ lastError }) => lastError !== null) ?? false,
    );
    expect(failed).toMatchObject([
      { channel: 'slack', status: 'pending', lastError: 'Slack answered 500: not now' },
      { channel: 'pagerduty', status: 'pending', lastError: 'PagerDuty answered 500: not now' },
    ]);
    expect(receiver.requests).toBe(8);
    // PT15S, and twice as long the next time, with a quarter of jitter.
    for (const [attempts, least, most] of [
      [1, 11, 19],
      [2, 22, 38],
    ] as const) {
      const waits = await eventually(
        () => waitsAfter(attempts),
        (seconds) => seconds.length === 2 && seconds.every((wait) => wait < 60),
      );
      for (const wait of waits) expect(Math.min(Math.max(wait, least), most)).toBe(wait);
      first.clock.advance(20 * SECOND);
    }
    await resume('self-check');
    await look(2);
    first.clock.advance(MINUTE);
    await taken(2);
    expect(receiver.pagerDuty.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
    expect(receiver.slack.map(({ text }) => text)).toEqual([
      'shop: selfCheck is degraded: paused',
      'shop: selfCheck is healthy again',
    ]);
  });

  it('wait as long as Retry-After asks for, but not for ever', async () => {
    receiver.fail({ status: 429, retryAfter: '600' }, { status: 429, retryAfter: '3600' });
    await pause('self-check');
    await look(2);
    const due = () =>
      first.database.query<{ at: Date }>(
        'select next_attempt_at as at from alert_notices where last_error is not null',
      );
    const waiting = await eventually(due, (rows) => rows.length === 2);
    expect(waiting.map(({ at }) => at.toISOString()).toSorted()).toEqual([
      first.clock.iso(10 * MINUTE),
      first.clock.iso(15 * MINUTE),
    ]);
    // Asked for time, nobody is tried again at once.
    expect(receiver.requests).toBe(2);
    first.clock.advance(15 * MINUTE);
    await taken(1);
  });

  it('say no more than 2,000 characters of what is wrong', async () => {
    await first.database.query(
      `insert into monitoring_states (service, instance, status, message, seen_at)
       values ('disk', 'elsewhere', 'unhealthy', repeat('x', 2001), $1)`,
      [new Date(first.clock.now())],
    );
    first.clock.advance(MINUTE);
    await look(1);
    expect(await alerts()).toMatchObject([{ service: 'disk', message: 'x'.repeat(2000) }]);
  });

  it('are resolved where the part is not there any more', async () => {
    const { body } = await first.api.post<{ id: string }>('/api/webhooks', {
      url: 'http://127.0.0.1:1/',
      eventTypes: ['message.received'],
    });
    await pause('webhooks');
    await look(2);
    expect(await alerts('?status=open')).toMatchObject([
      { service: 'webhook', message: 'webhooks is paused' },
    ]);
    expect(await alerts('?status=resolved')).toEqual([]);
    await first.api.delete(`/api/webhooks/${body.id}`);
    await look(2);
    expect(await alerts('?status=open')).toEqual([]);
    expect(await alerts('?status=resolved')).toMatchObject([{ service: 'webhook', status: 'resolved' }]);
  });

  it('are open as long as a process complains that is alive', async () => {
    // Said to that process itself: it may not hear of others yet.
    await pause('self-check', second);
    await look(2, second);
    expect(await alerts('?status=open')).toHaveLength(1);
    await second.stopServing();
    await resume('self-check');
    await look(2);
    expect(await alerts('?status=open')).toHaveLength(1);
    // It may only be slow until three times its turn have passed.
    first.clock.advance(3 * HOUR - 1000);
    await look(1);
    expect((await alerts('?status=open')).map(({ service }) => service)).toContain('selfCheck');
    first.clock.advance(MINUTE);
    await look(1);
    expect((await alerts('?status=open')).map(({ service }) => service)).not.toContain('selfCheck');
  });
});

describe('an alert about the database itself', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let otklik: TestOtklik;

  beforeEach(async () => {
    database = await TestDatabase.create();
    proxy = await TcpProxy.before(database.url);
    otklik = new TestOtklik({
      databaseUrl: () => proxy.url,
      env: {
        ...ENV,
        ...receiver.env,
        MONITORING_HISTORY_INTERVAL: 'PT1H',
        HEALTH_PROBE_TIMEOUT: 'PT0.5S',
        DATABASE_POOL_WAIT: 'PT0.2S',
        DATABASE_STATEMENT_TIMEOUT: 'PT0.5S',
      },
    });
    await otklik.start();
    await untilAllWork();
  });
  afterEach(async () => {
    await otklik?.stop();
    await proxy?.close();
    await database?.drop();
  });

  /**
   * Runs what has failed, or is not over yet: only the database may be unwell. With so little patience, the first runs
   * may fail where the machine is busy, and some come again only in a day.
   */
  async function untilAllWork(): Promise<void> {
    const processes = otklik.part(BackgroundProcesses);
    for (const [name] of processes.statuses()) {
      if (name === 'monitoring') continue;
      const runner = processes.runner(name);
      await eventually(async () => {
        await runner.runWhole();
        return runner.status.lastError === undefined;
      });
    }
  }

  it('is told while the database hangs, written down afterwards, and told once', async () => {
    await look(2, otklik);
    proxy.hangForGood();
    await look(1, otklik);
    expect(receiver.requests).toBe(0);
    const outSince = otklik.clock.iso();
    await look(3, otklik);
    expect(receiver.requests).toBe(2);
    expect(receiver.slack[0]?.text).toContain('shop: database is unhealthy: ');
    expect(receiver.pagerDuty).toMatchObject([{ event_action: 'trigger', dedup_key: 'shop:database' }]);
    proxy.recover();
    // What failed meanwhile runs again.
    await eventually(
      () => {
        otklik.clock.advance(MINUTE / 4);
        return otklik.api.get<{ status: string }>('/health');
      },
      ({ body }) => body.status === 'healthy',
    );
    // At once, and not only when it has been well for long enough.
    await look(1, otklik);
    expect(await otklik.api.all('/api/system/alerts')).toMatchObject([
      { service: 'database', status: 'open', raisedAt: outSince },
    ]);
    await untilAllWork();
    await look(3, otklik);
    const [alert] = await eventually(
      () => otklik.api.all<AlertView>('/api/system/alerts'),
      ([newest]) => newest?.notices.every(({ status }) => status === 'sent') ?? false,
    );
    expect(receiver.pagerDuty.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
    expect(receiver.requests).toBe(4);
    expect(alert).toMatchObject({ service: 'database', severity: 'unhealthy', status: 'resolved' });
    expect(alert?.notices.map(({ action, status }) => [action, status])).toEqual([
      ['raise', 'sent'],
      ['raise', 'sent'],
      ['resolve', 'sent'],
      ['resolve', 'sent'],
    ]);
    const events = await otklik.api.all<EventView>('/api/events');
    expect(events.map(({ type }) => type)).toEqual(['alert.resolved', 'alert.raised']);
  });
});
