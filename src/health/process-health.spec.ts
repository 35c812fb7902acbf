import { pbkdf2Sync } from 'node:crypto';
import { eventually } from '../../test/support/eventually.js';
import { loadConfig } from '../config/config.js';
import { ProcessHealth } from './process-health.js';

describe('the health of the process', () => {
  let health: ProcessHealth;
  afterEach(() => health.onApplicationShutdown());

  it('is degraded where events wait for long', async () => {
    health = new ProcessHealth(
      loadConfig({ HEALTH_EVENT_LOOP_LAG_DEGRADED: 'PT0.01S', HEALTH_HEAP_USED_DEGRADED: '100' }),
    );
    const check = await eventually(
      () => {
        pbkdf2Sync('keeps', 'everybody waiting', 200_000, 64, 'sha512');
        return health.check();
      },
      ({ status }) => status === 'degraded',
    );
    expect(check.message).toBe(`events wait for ${check.eventLoopLagMs} ms`);
  });

  it('is degraded where little of the heap is left', () => {
    const limits = { HEALTH_EVENT_LOOP_LAG_DEGRADED: 'PT1M' };
    health = new ProcessHealth(loadConfig({ ...limits, HEALTH_HEAP_USED_DEGRADED: '100' }));
    expect(health.check().status).toBe('healthy');
    health.onApplicationShutdown();
    health = new ProcessHealth(loadConfig({ ...limits, HEALTH_HEAP_USED_DEGRADED: '1' }));
    // A hundredth of what Node may use is 45 MB where it may use most.
    const ballast = Array.from({ length: 10_000_000 }, () => 0.5);
    const check = health.check();
    expect(ballast).toHaveLength(10_000_000);
    expect([check.status, check.message]).toEqual([
      'degraded',
      `${check.heapUsedPercent} % of the heap are in use`,
    ]);
  });
});
