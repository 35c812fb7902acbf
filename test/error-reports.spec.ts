import { loadConfig } from '../src/config/config.js';
import type { Problem } from '../src/http/problem.js';
import { Observations } from '../src/observations/observations.js';
import { ErrorReports } from '../src/telemetry/error-reports.js';
import { eventually } from './support/eventually.js';
import { SentryServer } from './support/sentry-server.js';
import { MINUTE } from './support/settable-clock.js';
import { TestOtklik } from './support/test-otklik.js';

describe('error reports in the protocol of Sentry', () => {
  let sentry: SentryServer;
  let otklik: TestOtklik;
  beforeAll(async () => {
    sentry = await SentryServer.start();
    otklik = new TestOtklik({
      env: {
        ROLES: 'api,worker',
        SENTRY_DSN: sentry.dsn,
        SENTRY_ENVIRONMENT: 'spec',
        SENTRY_TIMEOUT: 'PT1S',
      },
    });
    await otklik.start();
    await otklik.database.execute('alter table api_keys rename to api_keys_away');
  });
  afterAll(async () => {
    await otklik.database.execute('alter table api_keys_away rename to api_keys');
    await otklik.stop();
    await sentry.close();
  });

  const fail = () => otklik.api.refused('GET', '/api/api-keys?limit=7');
  const reported = (count: number) => eventually(() => sentry.events.length >= count);
  const answered = () =>
    eventually(() =>
      otklik
        .part(ErrorReports)
        .settled()
        .then(() => true),
    );

  it('tell of a request that failed of a fault of ours, with its route and trace', async () => {
    const { status, body } = await fail();
    expect(status).toBe(500);
    await reported(1);
    const [event] = sentry.events;
    expect(event).toMatchObject({
      transaction: 'GET /api/api-keys',
      environment: 'spec',
      contexts: { trace: { trace_id: (body as Problem).traceId } },
    });
    expect(event?.exception.values[0]?.value).toContain('relation "api_keys" does not exist');
    expect(JSON.stringify(event)).not.toContain('limit=7');
    expect(sentry.faults).toEqual([]);
  });

  it('tell nothing of what the caller did wrong', async () => {
    const ofRequests = () => sentry.events.filter(({ transaction }) => /^[A-Z]+ /.test(transaction)).length;
    const before = ofRequests();
    await otklik.api.get('/api/nothing');
    await otklik.receive({});
    await answered();
    expect(ofRequests()).toBe(before);
  });

  it('have no secret', async () => {
    const before = sentry.events.length;
    const secret = `otk_${'a1b2'.repeat(8)}`;
    otklik.part(ErrorReports).report({ error: new Error(`refused Bearer ${secret}`), transaction: 'spec' });
    await reported(before + 1);
    expect(JSON.stringify(sentry.events.at(-1))).toContain('refused Bearer');
    expect(JSON.stringify(sentry.events)).not.toContain(secret);
  });

  it('tell once of a background process that fails again and again', async () => {
    const before = sentry.events.length;
    const run = () => otklik.api.post('/api/system/processes/escalation-claims/run', {});
    for (let outages = 1; outages <= 2; outages++) {
      await otklik.database.execute('alter table escalations rename to escalations_away');
      for (let runs = 0; runs < 3; runs++) await run();
      await otklik.database.execute('alter table escalations_away rename to escalations');
      await reported(before + outages);
      await answered();
      const ours = sentry.events.filter(({ transaction }) => transaction === 'process escalation-claims');
      expect(ours).toHaveLength(outages);
      // It works again, so the next outage is another one.
      await run();
    }
  });

  it('are ten at once, and what is more is dropped', async () => {
    const reports = otklik.part(ErrorReports);
    const { dropped } = reports;
    for (let count = 0; count < 12; count++)
      reports.report({ error: new Error('flood'), transaction: 'spec' });
    expect(reports.dropped).toBe(dropped + 2);
    await answered();
  });

  it('are none where SENTRY_SAMPLE_PERCENT is 0', async () => {
    const before = sentry.requests;
    const none = new ErrorReports(
      otklik.part(Observations),
      otklik.clock,
      loadConfig({ SENTRY_DSN: sentry.dsn, SENTRY_SAMPLE_PERCENT: '0' }),
      otklik.log.log,
    );
    none.report({ error: new Error('never told'), transaction: 'spec' });
    await none.settled();
    expect(sentry.requests).toBe(before);
  });

  it('hold nothing up where the server says nothing', async () => {
    sentry.answer = undefined;
    expect((await fail()).status).toBe(500);
    await answered();
    expect(otklik.part(ErrorReports).dropped).toBeGreaterThan(0);
  });

  it.each([
    { status: 429, headers: { 'retry-after': '60' } },
    { status: 429, headers: {} },
    { status: 200, headers: { 'x-sentry-rate-limits': '60:error:key', 'retry-after': '1' } },
  ])('stop for as long as the server wants: %j', async (answer) => {
    sentry.answer = answer;
    const before = sentry.requests;
    await fail();
    await answered();
    await fail();
    await answered();
    expect(sentry.requests).toBe(before + 1);
    sentry.answer = { status: 200 };
    otklik.clock.advance(MINUTE);
    await fail();
    await eventually(() => sentry.requests > before + 1);
    await answered();
  });

  it('that are under way have their time when the process ends', async () => {
    sentry.answer = undefined;
    const reports = otklik.part(ErrorReports);
    const { dropped } = reports;
    reports.report({ error: new Error('the last'), transaction: 'spec' });
    await otklik.stopServing();
    expect(reports.dropped).toBe(dropped + 1);
  });
});
