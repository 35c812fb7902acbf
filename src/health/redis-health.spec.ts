import type { RedisReport, RedisStatus } from '../redis/redis-status.js';
import { RedisHealth } from './redis-health.js';

/** The health of a Redis in this state. */
function healthOf(state: RedisReport['state']) {
  const report = { state, latency: 1.26, lastError: 'ECONNREFUSED', timesAvoided: 2, isListening: true };
  const port = { report: () => report, check: async () => report } as unknown as RedisStatus;
  return new RedisHealth(port).check();
}

describe('the health of Redis', () => {
  it('says whether its breaker is open, and is never worse than degraded', async () => {
    expect(await healthOf('available')).toMatchObject({
      status: 'healthy',
      breaker: 'closed',
      latencyMs: 1.26,
    });
    expect(await healthOf('failing')).toMatchObject({ status: 'degraded', breaker: 'closed' });
    expect(await healthOf('avoided')).toMatchObject({
      status: 'degraded',
      breaker: 'open',
      message: 'ECONNREFUSED',
    });
    expect((await healthOf('not_configured')).status).toBe('not_configured');
  });
});
