import { Injectable } from '@nestjs/common';
import { type RedisReport, RedisStatus } from '../redis/redis-status.js';
import { Metrics } from './metrics.js';

/** Redis, as the last command of this process found it; without REDIS_URL there is nothing to say. */
@Injectable()
export class RedisMetrics {
  constructor(
    metrics: Metrics,
    private readonly redis: RedisStatus,
  ) {
    metrics.gauge('redis_up', 'Whether Redis answered the last command.', [], () =>
      this.read(({ state }) => (state === 'available' ? 1 : 0)),
    );
    metrics.gauge(
      'redis_latency_seconds',
      'How long the last command to Redis took that was answered.',
      [],
      () => this.read(({ latency }) => (latency === undefined ? undefined : latency / 1000)),
    );
    metrics.counted(
      'redis_avoided_total',
      'How often Redis failed until it was left alone for a while.',
      [],
      () => this.read(({ timesAvoided }) => timesAvoided),
    );
  }

  private read(read: (report: RedisReport) => number | undefined): [Record<string, string>, number][] {
    const report = this.redis.report();
    const value = report.state === 'not_configured' ? undefined : read(report);
    return value === undefined ? [] : [[{}, value]];
  }
}
