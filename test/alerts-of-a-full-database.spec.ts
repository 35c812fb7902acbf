import type { AlertView } from '../src/monitoring/alerts/alert.schemas.js';
import { BackgroundProcesses } from '../src/processes/background-processes.js';
import { AlertReceiver } from './support/alert-receiver.js';
import { eventually } from './support/eventually.js';
import { TestOtklik } from './support/test-otklik.js';

describe('a database that has no room for anything new', () => {
  let receiver: AlertReceiver;
  let otklik: TestOtklik;

  beforeAll(async () => {
    receiver = await AlertReceiver.start();
    otklik = new TestOtklik({
      env: {
        ROLES: 'api,worker',
        MONITORING_INTERVAL: 'PT1H',
        MONITORING_HISTORY_INTERVAL: 'PT1H',
        SELF_CHECK_INTERVAL: 'P1D',
        ...receiver.env,
      },
    });
    await otklik.start();
    await look();
  });
  afterAll(async () => {
    await otklik.stop();
    await receiver.stop();
  });

  async function look(times = 1): Promise<void> {
    for (let time = 0; time < times; time++) {
      const runner = otklik.part(BackgroundProcesses).runner('monitoring');
      await runner.runWhole();
      expect(runner.status.lastError).toBeUndefined();
    }
  }

  const alerts = () => otklik.api.all<AlertView>('/api/system/alerts');

  it('is told, though it lets rows be changed; what was seen meanwhile is written once it can be', async () => {
    await look(2);
    await otklik.database.execute(`
      create function fill() returns trigger language plpgsql as $$
      begin raise 'could not extend file' using errcode = '53100'; end $$;
      create trigger fill before insert on monitoring_samples for each row execute function fill();
    `);
    await otklik.api.post('/api/system/processes/reminders/pause', {});
    await eventually(() => otklik.part(BackgroundProcesses).status('reminders').state === 'paused');
    // A part changes, which is to be written; that it cannot be, has to be seen twice.
    await look(3);
    expect(receiver.pagerDuty).toEqual([]);
    await look();
    expect(receiver.pagerDuty).toMatchObject([
      { event_action: 'trigger', payload: { component: 'database', severity: 'critical' } },
    ]);
    expect(JSON.stringify(receiver.slack)).toContain('could not extend file');
    expect(await alerts()).toEqual([]);

    await otklik.database.execute('drop trigger fill on monitoring_samples; drop function fill');
    await look();
    expect((await alerts()).map(({ service, status }) => [service, status])).toEqual(
      expect.arrayContaining([
        ['database', 'open'],
        ['scheduler', 'open'],
      ]),
    );
    await look(3);
    await eventually(
      () => receiver.pagerDuty,
      (events) => events.some((event) => JSON.stringify(event).includes('resolve')),
    );
    expect(await alerts()).toContainEqual(
      expect.objectContaining({ service: 'database', status: 'resolved', severity: 'unhealthy' }),
    );
  });
});
