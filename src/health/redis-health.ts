import { Injectable } from '@nestjs/common';
import { roundedMs } from '../clock/rounded-ms.js';
import { RedisStatus } from '../redis/redis-status.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';

/** Whether Redis answers. Without it each process goes on by itself, so it makes nothing worse than degraded. */
@Injectable()
export class RedisHealth implements HealthPart {
  readonly name = 'redis';

  constructor(private readonly redis: RedisStatus) {}

  /** Redis is asked within `REDIS_COMMAND_TIMEOUT`, by one question at a time, and not at all while it is avoided. */
  async check(): Promise<HealthCheck> {
    if (this.redis.report().state === 'not_configured')
      return { status: 'not_configured', message: 'REDIS_URL is not set' };
    const { state, latency, lastError, timesAvoided, isListening } = await this.redis.check();
    const facts = { breaker: state === 'avoided' ? 'open' : 'closed', timesAvoided, isListening };
    if (state !== 'available')
      return { status: 'degraded', message: lastError ?? 'it does not answer', ...facts };
    return {
      status: 'healthy',
      ...(latency !== undefined && { latencyMs: roundedMs(latency) }),
      ...facts,
    };
  }
}
