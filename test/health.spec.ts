import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Health } from '../src/health/health.schemas.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { eventually } from './support/eventually.js';
import { Scrape } from './support/scrape.js';
import { MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Of Linux and of macOS: a file system of its own, which nothing of ours is written to. */
const ANOTHER_DISK = '/dev';

describe('the health of what goes on by itself (D17)', () => {
  const otklik = new TestOtklik({
    env: {
      ROLES: 'api,worker',
      REMINDER_POLL_INTERVAL: 'PT15S',
      HEALTH_SCHEDULER_LAG_DEGRADED: 'PT10S',
      HEALTH_SCHEDULER_LAG_UNHEALTHY: 'PT1M',
      // Timers of others would only disturb.
      ESCALATION_EXPIRY_INTERVAL: 'PT1H',
    },
  });
  const api = new TestOtklik({ beside: otklik, env: { DATA_DIR: tmpdir(), BACKUP_DIR: ANOTHER_DISK } });
  beforeAll(async () => {
    await otklik.start();
    await api.start();
  });
  afterAll(async () => {
    await api.stop();
    await otklik.stop();
  });

  const health = (part = '', of = otklik) => of.api.get<Health>(`/health${part}`);

  /** Waits for the part to have a status, and gives it with its HTTP status. */
  async function untilIs(status: string, part: 'scheduler' | 'selfCheck' = 'scheduler') {
    const answer = await eventually(
      () => health(),
      ({ body }) => body.checks[part]?.status === status,
    );
    return { httpStatus: answer.status, check: answer.body.checks[part] };
  }

  const processes = (name: string, what: 'pause' | 'resume' | 'run') =>
    otklik.api.post(`/api/system/processes/${name}/${what}`, {});

  it('is healthy while reminders are sent in time and nothing is forgotten', async () => {
    await untilIs('healthy');
    expect((await health('/scheduler')).body).toEqual({
      status: 'healthy',
      checks: {
        scheduler: {
          status: 'healthy',
          latencyMs: expect.any(Number),
          lagMs: 0,
          lastRunAt: otklik.clock.iso(),
          nextRunAt: otklik.clock.iso(15 * SECOND),
        },
      },
    });
    const { check } = await untilIs('healthy', 'selfCheck');
    expect(check).toMatchObject({ lastRun: { forgotten_conversation: { found: 0, repaired: 0 } } });
  });

  it('has each part on a route of its own, and readiness asks the database alone', async () => {
    const parts = async (route: string) => Object.keys((await health(route)).body.checks);
    expect(await parts('')).toEqual(['database', 'redis', 'scheduler', 'selfCheck', 'webhook']);
    expect((await parts('/full')).toSorted()).toEqual([
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
    expect(await parts('/redis')).toEqual(['redis']);
    expect(await parts('/openai')).toEqual(['openai']);
    expect(await parts('/live')).toEqual(['process']);
    expect(await parts('/webhook')).toEqual(['webhook']);
    expect(await parts('/database')).toEqual(['database']);
    expect(await parts('/scheduler')).toEqual(['scheduler']);
    expect(await parts('/ready')).toEqual(['database']);
  });

  it.each(['', '/full', '/live', '/ready', '/redis', '/openai'])(
    'says of each part how long the look at it took: /health%s',
    async (route) => {
      for (const [name, { latencyMs }] of Object.entries((await health(route)).body.checks)) {
        // In milliseconds, to the hundredth.
        expect([name, String(latencyMs)]).toEqual([name, expect.stringMatching(/^\d+(?:\.\d{1,2})?$/)]);
      }
    },
  );

  it('is no matter of a process without the role worker', async () => {
    const { status, body } = await health('', api);
    expect(status).toBe(200);
    const notHere = { status: 'not_configured', message: 'this process has no role worker' };
    expect(body).toMatchObject({ status: 'healthy', checks: { scheduler: notHere, selfCheck: notHere } });
    expect((await health('/scheduler', api)).status).toBe(200);
  });

  it('shows the disk of the backups beside that of the data, in health and in the metrics', async () => {
    const { disk } = (await health('/full', api)).body.checks;
    const folders = ['DATA_DIR', 'BACKUP_DIR'];
    expect(Object.keys(disk?.disks as object)).toEqual(folders);
    const scrape = await Scrape.of(api.api);
    for (const folder of folders) {
      const { bsize, blocks } = statfsSync(folder === 'DATA_DIR' ? tmpdir() : ANOTHER_DISK);
      const size = bsize * blocks;
      expect(disk?.disks).toMatchObject({ [folder]: { status: 'healthy', totalBytes: size } });
      expect(scrape.value('otklik_disk_size_bytes', { folder })).toBe(size);
      expect(scrape.value('otklik_disk_free_bytes', { folder })).toBeLessThanOrEqual(size);
    }
  });

  it('shows how old the outbox is, also where nobody subscribed to it', async () => {
    const webhook = async () => (await health('/webhook', api)).body.checks.webhook;
    await processes('event-fan-out', 'pause');
    await eventually(() => otklik.part(BackgroundProcesses).status('event-fan-out').state === 'paused');
    await otklik.accept({ clientId: newClient(), content: 'Thank you!' });
    otklik.clock.advance(5 * SECOND);
    expect(await webhook()).toMatchObject({ status: 'not_configured', outboxAgeMs: 5 * SECOND });
    await processes('event-fan-out', 'resume');
    await eventually(
      () => {
        otklik.clock.advance(SECOND);
        return webhook();
      },
      (check) => check?.outboxAgeMs === 0,
    );
  });

  it('is degraded while somebody has paused it', async () => {
    for (const [name, part] of [
      ['reminders', 'scheduler'],
      ['self-check', 'selfCheck'],
    ] as const) {
      await processes(name, 'pause');
      expect(await untilIs('degraded', part)).toMatchObject({
        httpStatus: 200,
        check: { message: 'paused' },
      });
      await processes(name, 'resume');
      await untilIs('healthy', part);
    }
  });

  it('is as bad as the reminders are late, until they are sent in time again', async () => {
    for (const [late, status, httpStatus] of [
      [10 * SECOND, 'healthy', 200],
      [11 * SECOND, 'degraded', 200],
      [61 * SECOND, 'unhealthy', 503],
    ] as const) {
      const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'zxqv wrblk' });
      await processes('reminders', 'pause');
      await otklik.api.post(`/api/conversations/${conversationId}/reminders`, {
        scheduledAt: otklik.clock.iso(SECOND),
      });
      otklik.clock.advance(SECOND + late);
      await processes('reminders', 'resume');
      await eventually(
        () => otklik.api.all<ReminderView>(`/api/reminders?conversationId=${conversationId}`),
        ([first]) => first?.kind === 'manual' && first.status === 'sent',
      );
      expect((await untilIs(status)).httpStatus).toBe(httpStatus);
      expect((await health('/scheduler')).body).toMatchObject({
        status,
        checks: { scheduler: { status, lagMs: late } },
      });
      expect((await health('/ready')).status).toBe(200);
      await processes('reminders', 'run');
      await untilIs('healthy');
    }
  });

  it('is degraded when sending fails, unhealthy when that lasts, and well again by itself', async () => {
    await otklik.database.execute('alter table reminders rename column lease_token to mislaid');
    await processes('reminders', 'run');
    expect(await untilIs('degraded')).toMatchObject({
      httpStatus: 200,
      check: { message: expect.stringContaining('lease_token') },
    });
    otklik.clock.advance(MINUTE + SECOND);
    expect(await untilIs('unhealthy')).toMatchObject({
      httpStatus: 503,
      check: { message: expect.stringContaining('lease_token') },
    });
    expect((await health('/scheduler')).status).toBe(503);
    expect((await health('/ready')).status).toBe(200);
    await otklik.database.execute('alter table reminders rename column mislaid to lease_token');
    otklik.clock.advance(MINUTE);
    await untilIs('healthy');
  });

  it('is degraded while the self-check finds what it cannot repair, and says what', async () => {
    const { conversationId } = await otklik.accept({ clientId: newClient(), content: 'zxqv wrblk' });
    await otklik.database.execute(`
      delete from reminders where conversation_id = '${conversationId}';
      create function refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
      create trigger refuse before insert on reminders for each row execute function refuse()`);
    await processes('self-check', 'run');
    await processes('self-check', 'run');
    expect(await untilIs('degraded', 'selfCheck')).toMatchObject({
      httpStatus: 200,
      check: {
        message: 'not repaired: forgotten_conversation',
        lastRun: { forgotten_conversation: { found: 1, repaired: 0 } },
      },
    });
    const scrape = await Scrape.of(otklik.api);
    const fault = { fault: 'forgotten_conversation' };
    expect(scrape.value('otklik_self_check_faults_total', fault)).toBeGreaterThan(0);
    expect(scrape.value('otklik_self_check_repairs_total', fault)).toBe(0);
    await otklik.database.execute('drop trigger refuse on reminders; drop function refuse');
    await processes('self-check', 'run');
    const { check } = await untilIs('healthy', 'selfCheck');
    expect(check).toMatchObject({ lastRun: { forgotten_conversation: { found: 1, repaired: 1 } } });
    await processes('self-check', 'run');
    expect((await untilIs('healthy', 'selfCheck')).check).toMatchObject({
      lastRun: { forgotten_conversation: { found: 0, repaired: 0 } },
      total: { forgotten_conversation: { repaired: 1 } },
    });
  });
});
