import { SettableClock } from '../../test/support/settable-clock.js';
import { RandomIdGenerator } from '../clock/clock.js';
import { loadConfig } from '../config/config.js';
import type { DatabaseHealth } from '../health/database-health.js';
import type { HealthCheck } from '../health/health.schemas.js';
import type { HealthParts } from '../health/health-parts.js';
import type { RedisStatus } from '../redis/redis-status.js';
import type { MonitoringInstance } from './monitoring-instance.js';
import type { State } from './part-state.js';
import { type Sample, Sampler, timed } from './sampler.js';

/** What is seen of parts that answer so. */
async function seenOf(checks: Readonly<Record<string, () => HealthCheck>>) {
  const all = Object.entries(checks).map(([name, check]) => ({ name, check }));
  const clock = new SettableClock();
  const sampler = new Sampler(
    { all } as unknown as HealthParts,
    {} as DatabaseHealth,
    { memory: async () => ({ usedBytes: 1_000 }) } as unknown as RedisStatus,
    { name: 'spec' } as MonitoringInstance,
    clock,
    new RandomIdGenerator(),
  );
  const { samples, absent } = await sampler.look();
  return [samples.map(({ service, status, message, facts }) => [service, status, message, facts]), absent];
}

describe('a look at all parts (V1)', () => {
  it('goes on where one of them fails of a fault of ours', async () => {
    const fault = () => {
      throw new Error('a fault');
    };
    const seen = await seenOf({
      disk: fault,
      openai: () => ({ status: 'not_configured' }),
      process: () => ({ status: 'healthy', rssBytes: 5 }),
    });
    expect(seen).toEqual([
      [
        ['disk', 'unhealthy', 'a fault', {}],
        ['process', 'healthy', null, { rssBytes: 5 }],
      ],
      ['openai'],
    ]);
  });

  it('has what Redis says of its memory, where it answers', async () => {
    expect(await seenOf({ redis: () => ({ status: 'healthy' }) })).toEqual([
      [['redis', 'healthy', null, { usedBytes: 1_000 }]],
      [],
    ]);
    expect(await seenOf({ redis: () => ({ status: 'degraded' }) })).toEqual([
      [['redis', 'degraded', null, {}]],
      [],
    ]);
  });
});

/** A part that said it is so, and how long that took. */
function counted(service: string, latencyMs: number | null, status: State = 'healthy') {
  const sample: Sample = {
    id: 'sample',
    service,
    instance: 'spec',
    at: new Date(0),
    status,
    latencyMs,
    message: null,
    facts: {},
  };
  const { status: is, message } = timed(sample, loadConfig({}).monitoring);
  return [is, message];
}

describe('a part that takes long to answer (V1)', () => {
  it.each([
    [250, 'healthy', null],
    [251, 'degraded', 'it took 251 ms to answer'],
    [750, 'degraded', 'it took 750 ms to answer'],
    [751, 'unhealthy', 'it took 751 ms to answer'],
  ])('counts by the time: %i ms, %s', (latencyMs, status, message) => {
    expect(counted('database', latencyMs)).toEqual([status, message]);
    expect(counted('redis', latencyMs)).toEqual([status, message]);
  });

  it('is no better for a quick answer, and may take its time where nobody waits for it', () => {
    expect(counted('database', 251, 'unhealthy')).toEqual(['unhealthy', null]);
    expect(counted('redis', null)).toEqual(['healthy', null]);
    expect(counted('backups', 10_000)).toEqual(['healthy', null]);
  });
});
