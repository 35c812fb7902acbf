import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { poolOf } from '../src/database/pinging-pool.js';
import { EVENT_TYPES } from '../src/events/event-catalogue.js';
import { Observations } from '../src/observations/observations.js';
import { EventStream } from './support/event-stream.js';
import { eventually } from './support/eventually.js';
import { Scrape } from './support/scrape.js';
import { MINUTE, SECOND } from './support/settable-clock.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { newClient, TestOtklik } from './support/test-otklik.js';
import { answer } from './support/webhook-receiver/behaviours.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

const METRICS_TOKEN = randomBytes(32).toString('hex');

describe('metrics', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      RATE_LIMIT: 'on',
      RATE_LIMIT_KEYS: '2',
      METRICS_TOKEN,
      METRICS_DATABASE_INTERVAL: 'PT0S',
      DATABASE_SLOW_QUERY: 'PT0.001S',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    },
  });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const scrape = () => Scrape.of(otklik.api);

  it('are in the text format, for who has the token or the scope, and for nobody else', async () => {
    const prometheus = otklik.api.withKey(METRICS_TOKEN);
    const { status, headers } = await prometheus.get('/metrics');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect((await prometheus.get('/api/messages')).status).toBe(403);
    expect((await otklik.api.withKey(undefined).get('/metrics')).status).toBe(401);
    expect((await otklik.api.withKey(`${METRICS_TOKEN}x`).get('/metrics')).status).toBe(401);
    expect((await scrape()).value('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });

  it('are not limited', async () => {
    for (let reads = 0; reads < 150; reads++) expect((await otklik.api.get('/metrics')).status).toBe(200);
  });

  it('count requests by route, method and status, and how long they took', async () => {
    const labels = { method: 'POST', route: '/api/messages' };
    const before = await scrape();
    await otklik.accept({ clientId: newClient(), content: 'Where is my parcel?' });
    await otklik.receive({ clientId: newClient() });
    await otklik.api.get(`/api/clients/${newClient()}`);
    const after = await eventually(scrape, (seen) => seen.value('otklik_http_requests_total', labels) === 2);
    expect(before.value('otklik_http_requests_total', labels)).toBeUndefined();
    expect(after.value('otklik_http_requests_total', { ...labels, status: '201' })).toBe(1);
    expect(after.value('otklik_http_requests_total', { ...labels, status: '400' })).toBe(1);
    expect(after.value('otklik_http_request_duration_seconds_count', labels)).toBe(2);
    expect(
      after.value('otklik_http_requests_total', { route: '/api/clients/:clientId', status: '404' }),
    ).toBe(1);
    // This very scrape.
    expect(after.value('otklik_http_requests_in_flight')).toBe(1);
  });

  it('count a stream of events, and not how long somebody listens', async () => {
    (await EventStream.open(otklik)).close();
    const labels = { route: '/api/events/stream' };
    const seen = await eventually(scrape, (now) => now.value('otklik_http_requests_total', labels) === 1);
    expect(seen.value('otklik_http_request_duration_seconds_count', labels) ?? 0).toBe(0);
  });

  it('count what was refused because of wrong keys', async () => {
    const strict = new TestOtklik({
      beside: otklik,
      env: { RATE_LIMIT: 'on', RATE_LIMIT_AUTH_FAILURES: '1' },
    });
    await strict.start();
    for (let calls = 0; calls < 3; calls++) await strict.api.withKey('otk_wrong').get('/api/messages');
    const refused = { group: 'auth-failures' };
    await eventually(
      () => Scrape.of(strict.api),
      (seen) => seen.value('otklik_rate_limit_refusals_total', refused) === 2,
    );
    await strict.stop();
  });

  it('count what a group of routes refused', async () => {
    for (let calls = 0; calls < 4; calls++) await otklik.api.get('/api/api-keys');
    const seen = await eventually(scrape, (now) => now.value('otklik_rate_limit_refusals_total') === 2);
    expect(seen.value('otklik_rate_limit_refusals_total', { group: 'keys' })).toBe(2);
  });

  it('count messages by what became of them, and what triage said', async () => {
    const before = await scrape();
    const clientId = newClient();
    const grew = (name: string, labels: Record<string, string>, seen: Scrape) =>
      (seen.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    await otklik.accept({ clientId, content: 'I smell gas in the kitchen, help!' });
    await otklik.receive({ clientId, content: 'I smell gas in the kitchen, help!' });
    const key = { 'idempotency-key': 'metrics-1' };
    const keyed = { clientId: newClient(), content: 'Thank you!' };
    await otklik.accept(keyed, key);
    await otklik.receive(keyed, key);
    await otklik.receive({ ...keyed, content: 'Thanks!' }, key);
    const after = await scrape();
    const outcomes = ['accepted', 'same_content', 'idempotency_key', 'key_reused', 'failed', 'refused'];
    expect(outcomes.map((outcome) => grew('otklik_ingest_messages_total', { outcome }, after))).toEqual([
      2, 1, 1, 1, 0, 0,
    ]);
    expect(grew('otklik_triage_verdicts_total', { source: 'offline', priority: 'urgent' }, after)).toBe(1);
    expect(grew('otklik_triage_verdicts_total', {}, after)).toBe(2);
    expect(grew('otklik_ingest_batch_messages_sum', {}, after)).toBe(5);
    expect(after.value('otklik_ingest_queue_messages')).toBe(0);
  });

  it('say how the database does', async () => {
    await otklik.database.query('select 1');
    const seen = await scrape();
    expect(seen.value('otklik_database_up')).toBe(1);
    expect(seen.value('otklik_database_connections')).toBeGreaterThan(0);
    expect(seen.value('otklik_database_connections_max')).toBe(10);
    expect(seen.value('otklik_database_connection_wait_seconds_count')).toBeGreaterThan(0);
    expect(
      seen.value('otklik_database_statement_duration_seconds_count', { statement: 'ingest_messages' }),
    ).toBeGreaterThan(3);
    expect(
      seen.value('otklik_database_statement_duration_seconds_count', { statement: 'select' }),
    ).toBeGreaterThan(0);
    expect(seen.value('otklik_database_slow_statements_total')).toBeGreaterThan(0);
    expect(seen.value('otklik_database_statement_errors_total')).toBeUndefined();
    await otklik.database.execute('alter table audit_log rename to mislaid');
    expect((await otklik.api.refused('GET', '/api/system/audit')).status).toBe(500);
    await otklik.database.execute('alter table mislaid rename to audit_log');
    expect(
      (await scrape()).value('otklik_database_statement_errors_total', { statement: 'select' }),
    ).toBeGreaterThan(0);
  });

  it('follow an event to its endpoints', async () => {
    // What came before is passed on a little later while there is no endpoint.
    await eventually(
      async () => {
        otklik.clock.advance(SECOND);
        return scrape();
      },
      (now) => now.value('otklik_event_fan_out_lag_seconds') === 0,
    );
    const receiver = await WebhookReceiver.start();
    receiver.next('/', answer(500));
    const { body: webhook } = await otklik.api.post<{ id: string }>('/api/webhooks', {
      url: receiver.url('/'),
      eventTypes: ['message.received'],
    });
    const before = await scrape();
    const grew = (name: string, labels: Record<string, string>, seen: Scrape) =>
      (seen.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    await otklik.accept({ clientId: newClient(), content: 'Where is my parcel?' });
    const failed = await eventually(scrape, (now) => grew('otklik_webhook_attempts_total', {}, now) > 0);
    expect(grew('otklik_webhook_attempts_total', { result: 'http_status' }, failed)).toBe(1);
    expect(failed.value('otklik_webhook_endpoints')).toBe(1);
    const after = await eventually(
      async () => {
        otklik.clock.advance(SECOND);
        return scrape();
      },
      // The one is counted here, the other is in the database a moment later.
      (now) =>
        grew('otklik_webhook_deliveries_total', { outcome: 'delivered' }, now) > 0 &&
        now.value('otklik_webhook_deliveries_due') === 0,
    );
    expect(grew('otklik_events_total', { type: 'message.received' }, after)).toBe(1);
    expect(grew('otklik_events_total', { type: 'conversation.opened' }, after)).toBe(1);
    expect(grew('otklik_webhook_deliveries_created_total', {}, after)).toBe(1);
    expect(grew('otklik_webhook_attempt_duration_seconds_count', {}, after)).toBe(2);
    expect(after.value('otklik_webhook_endpoints', { state: 'well' })).toBe(1);
    expect(after.value('otklik_webhook_deliveries_due')).toBe(0);
    await otklik.api.delete(`/api/webhooks/${webhook.id}`);
    await receiver.close();
  });

  it('say whether reminders are sent in time', async () => {
    const before = (await scrape()).value('otklik_reminders_total', { outcome: 'sent' }) ?? 0;
    await otklik.accept({ clientId: newClient(), content: 'I smell gas in the kitchen, help!' });
    const seen = await eventually(
      async () => {
        otklik.clock.advance(MINUTE);
        return scrape();
      },
      (now) => (now.value('otklik_reminders_total', { outcome: 'sent' }) ?? 0) > before,
    );
    expect(seen.value('otklik_reminder_lateness_seconds_count')).toBeGreaterThan(0);
    expect(seen.value('otklik_escalations', { state: 'waiting' })).toBeGreaterThan(0);
    expect(seen.value('otklik_escalation_oldest_age_seconds')).toBeGreaterThanOrEqual(60);
    expect(seen.value('otklik_reminder_oldest_due_age_seconds')).toBeDefined();
  });

  it('list every background process that runs here', async () => {
    const seen = await eventually(
      scrape,
      (now) => (now.value('otklik_process_runs_total', { process: 'self-check' }) ?? 0) > 0,
    );
    expect(seen.value('otklik_process_run_duration_seconds_count', { process: 'reminders' })).toBeGreaterThan(
      0,
    );
    expect(seen.value('otklik_process_lag_seconds', { process: 'webhooks' })).toBe(0);
    expect(seen.value('otklik_process_failing')).toBe(0);
    await otklik.api.post('/api/system/processes/auto-close/pause', {});
    expect((await scrape()).value('otklik_process_paused', { process: 'auto-close' })).toBe(1);
    await otklik.api.post('/api/system/processes/auto-close/resume', {});
  });

  it('say which background process fails, and how late its work is', async () => {
    const ours = { process: 'escalation-claims' };
    await otklik.database.execute('alter table escalations rename to mislaid');
    await otklik.api.post('/api/system/processes/escalation-claims/run', {});
    otklik.clock.advance(10 * SECOND);
    const failing = await scrape();
    await otklik.database.execute('alter table mislaid rename to escalations');
    expect(failing.value('otklik_process_failing', ours)).toBe(1);
    expect(failing.value('otklik_process_failed_runs_total', ours)).toBeGreaterThan(0);
    expect(failing.value('otklik_process_lag_seconds', ours)).toBe(10);
    await otklik.api.post('/api/system/processes/escalation-claims/run', {});
    expect((await scrape()).value('otklik_process_failing', ours)).toBe(0);
  });

  it('count what they are told of, in seconds', async () => {
    const before = await scrape();
    const observations = otklik.part(Observations);
    observations.tell('ingestRefused', undefined);
    const message = { id: 'lost', priority: 'low', triage: { source: 'offline' } };
    observations.tell('ingested', { messages: [message], outcomes: new Map() });
    observations.tell('attempted', [{ outcome: null, result: { duration: 2_000, errorClass: null } }]);
    observations.tell('reminderBegun', { lateness: 3_000 });
    const after = await scrape();
    const grew = (name: string, labels: Record<string, string> = {}) =>
      (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    expect(grew('otklik_ingest_messages_total', { outcome: 'refused' })).toBe(1);
    expect(grew('otklik_ingest_messages_total', { outcome: 'failed' })).toBe(1);
    expect(grew('otklik_triage_verdicts_total')).toBe(0);
    expect(grew('otklik_webhook_attempt_duration_seconds_sum')).toBeCloseTo(2);
    expect(grew('otklik_reminder_lateness_seconds_sum')).toBeCloseTo(3);
  });

  it('get no label from what somebody sends', async () => {
    const evil = 'evil"}\\n\nx';
    const path = encodeURIComponent(evil);
    const before = await scrape();
    const known = new Set(before.samples.map(({ name, labels }) => name + JSON.stringify(labels)));
    for (let i = 0; i < 20; i++) {
      await otklik.api.get(`/api/messages/${path}${i}`);
      await otklik.api.get(`/${path}/${i}`);
      await otklik.api.get(`/health/${path}${i}`, { 'x-request-id': `evil-${i}`, traceparent: `evil-${i}` });
      await otklik.receive({
        clientId: `evil-client-${i}`,
        content: 'Hello',
        channel: `evil-${i}`,
        metadata: { [evil]: i },
      });
      await otklik.api.send('PROPFIND', `/evil-${i}`);
      await otklik.api.withKey(`otk_evil${i}`).get('/api/messages');
      await otklik.api.get(`/api/system/processes/evil-${i}`);
      await otklik.api.refused('POST', `/api/system/processes/evil-${i}/pause`);
    }
    const after = await scrape();
    expect(after.text).not.toContain('evil');
    const added = after.samples.filter(({ name, labels }) => !known.has(name + JSON.stringify(labels)));
    // A route's first answer of a kind is a series; a hundred and sixty requests are not as many.
    const counted = added.filter(({ name }) => name === 'otklik_http_requests_total');
    expect(counted.length).toBeLessThanOrEqual(8);
    for (const type of after.labelValues('type')) {
      if (after.samples.some(({ name, labels }) => name === 'otklik_events_total' && labels.type === type))
        expect(EVENT_TYPES).toContain(type);
    }
  });

  it('ask the database once in the interval, and go on while it gives no answer', async () => {
    const proxy = await TcpProxy.before(otklik.database.url);
    const behind = new TestOtklik({
      env: {
        METRICS_TOKEN,
        METRICS_DATABASE_INTERVAL: 'PT15S',
        DATABASE_POOL_PING_AFTER: 'PT1H',
        DATABASE_POOL_WAIT: 'PT1S',
      },
      databaseUrl: () => proxy.url,
    });
    await behind.start();
    const read = () => Scrape.of(behind.api.withKey(METRICS_TOKEN));
    const looks = (seen: Scrape) =>
      seen.value('otklik_database_statement_duration_seconds_count', { statement: 'with' });
    const [first] = await Promise.all([read(), read(), read()]);
    expect(first?.value('otklik_database_up')).toBe(1);
    // What never happened is 0, so that the first of its kind is seen to come.
    for (const type of EVENT_TYPES) expect(first?.value('otklik_events_total', { type })).toBe(0);
    expect(looks(await read())).toBe(1);
    const pool = poolOf(behind.part(DataSource));
    const open = pool.totalCount;
    proxy.hangForGood();
    behind.clock.advance(15 * SECOND);
    const [away] = await Promise.all([read(), read()]);
    expect(away?.value('otklik_database_up')).toBe(0);
    // The connection that hangs is given up, so that nobody else gets it.
    await eventually(() => pool.totalCount < open);
    expect(away?.value('otklik_event_fan_out_lag_seconds')).toBeUndefined();
    expect(away?.value('otklik_webhook_endpoints')).toBeUndefined();
    expect(away?.value('otklik_ingest_queue_messages')).toBe(0);
    await eventually(
      () => {
        behind.clock.advance(15 * SECOND);
        return read();
      },
      (seen) => seen.value('otklik_database_connection_failures_total') !== 0,
    );
    proxy.recover();
    const back = await eventually(
      async () => {
        behind.clock.advance(15 * SECOND);
        return read();
      },
      (seen) => seen.value('otklik_database_up') === 1,
    );
    expect(back.value('otklik_event_fan_out_lag_seconds')).toBeDefined();
    await behind.stop();
    await proxy.close();
  });
});
