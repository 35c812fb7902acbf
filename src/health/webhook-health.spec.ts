import { SettableClock } from '../../test/support/settable-clock.js';
import { loadConfig } from '../config/config.js';
import type { BackgroundProcesses } from '../processes/background-processes.js';
import type { DeliveryBacklog, DeliveryBacklogs } from '../webhooks/delivery-backlog.js';
import type { DatabaseProbe } from './database-probe.js';
import { WebhookHealth } from './webhook-health.js';

const clock = new SettableClock();
const ago = (ms: number) => new Date(clock.now() - ms);

/** The health of three endpoints of which this is known. */
async function healthOf(backlog: Partial<DeliveryBacklog>, paused?: string) {
  const read = async () => ({
    enabled: 3,
    failing: 0,
    paused: 0,
    disabled: 0,
    oldestEvent: null,
    oldestDue: null,
    ...backlog,
  });
  const status = (name: string) => ({ state: name === paused ? 'paused' : 'waiting' });
  const { status: health, message } = await new WebhookHealth(
    { read } as Pick<DeliveryBacklogs, 'read'> as DeliveryBacklogs,
    {} as DatabaseProbe,
    { status } as BackgroundProcesses,
    clock,
    loadConfig({}),
  ).check();
  return [health, message];
}

describe('the health of webhooks', () => {
  it.each<[backlog: Partial<DeliveryBacklog>, status: string, message: string | undefined]>([
    [{}, 'healthy', undefined],
    [{ paused: 3 }, 'healthy', undefined],
    [{ oldestEvent: ago(30_000), oldestDue: ago(30_000) }, 'healthy', undefined],
    [{ oldestEvent: ago(30_001) }, 'degraded', 'events are told 30001 ms late'],
    [{ oldestDue: ago(30_001), failing: 1 }, 'degraded', 'events are told 30001 ms late'],
    [{ oldestDue: ago(300_000) }, 'degraded', 'events are told 300000 ms late'],
    [{ oldestDue: ago(300_001) }, 'unhealthy', 'events are told 300001 ms late'],
    [{ failing: 1, disabled: 1 }, 'degraded', '1 of the endpoints fail'],
    [{ enabled: 0, disabled: 2 }, 'degraded', '2 endpoints were disabled because they failed'],
    [{ enabled: 0 }, 'not_configured', 'there are no endpoints'],
  ])('says what is wrong: %j', async (backlog, status, message) => {
    expect(await healthOf(backlog)).toEqual([status, message]);
  });

  it.each(['event-fan-out', 'webhooks'])('is degraded while %s is paused', async (process) => {
    expect(await healthOf({}, process)).toEqual(['degraded', `${process} is paused`]);
    expect(await healthOf({ oldestDue: ago(300_001) }, process)).toEqual([
      'unhealthy',
      'events are told 300001 ms late',
    ]);
  });
});
