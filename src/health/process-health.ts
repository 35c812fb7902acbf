import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { roundedMs } from '../clock/rounded-ms.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';

/** How often the event loop is timed, in milliseconds. */
const RESOLUTION = 50;

/** How long a delay of the event loop is remembered, in milliseconds. */
const MEMORY = 60_000;

/** Whether this process has time and memory enough; asks nobody. */
@Injectable()
export class ProcessHealth implements HealthPart, OnApplicationShutdown {
  readonly name = 'process';
  private readonly limits: Config['health'];
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  private forgetAt = performance.now() + MEMORY;

  constructor(@Inject(CONFIG) config: Config) {
    this.limits = config.health;
    this.delays.enable();
  }

  onApplicationShutdown(): void {
    this.delays.disable();
  }

  check(): HealthCheck {
    const { rss } = process.memoryUsage();
    const heap = getHeapStatistics();
    const heapUsedPercent = Math.round((heap.used_heap_size / heap.heap_size_limit) * 1000) / 10;
    const eventLoopLagMs = this.lag();
    const facts = {
      uptimeSeconds: Math.round(process.uptime()),
      eventLoopLagMs,
      rssBytes: rss,
      heapUsedBytes: heap.used_heap_size,
      heapUsedPercent,
    };
    if (eventLoopLagMs > this.limits.eventLoopLagDegraded)
      return { status: 'degraded', message: `events wait for ${eventLoopLagMs} ms`, ...facts };
    if (heapUsedPercent > this.limits.heapUsedDegraded)
      return { status: 'degraded', message: `${heapUsedPercent} % of the heap are in use`, ...facts };
    return { status: 'healthy', ...facts };
  }

  /** What one event in a hundred waits longer than, in milliseconds. */
  private lag(): number {
    const nanoseconds = this.delays.count > 0 ? this.delays.percentile(99) : 0;
    if (performance.now() > this.forgetAt) {
      this.forgetAt = performance.now() + MEMORY;
      this.delays.reset();
    }
    // What is measured is from one look to the next, so the pause between them is part of it.
    return roundedMs(Math.max(0, nanoseconds / 1e6 - RESOLUTION));
  }
}
