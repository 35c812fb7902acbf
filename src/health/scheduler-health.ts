import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';
import { isoOrNull, NOT_A_WORKER } from './process-facts.js';

/** Whether reminders are sent, and in time, as far as this process does it; asks nobody. */
@Injectable()
export class SchedulerHealth implements HealthPart {
  readonly name = 'scheduler';
  private readonly limits: Config['health'];

  constructor(
    private readonly processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.limits = config.health;
  }

  check(): HealthCheck {
    const { state, lag, lastError, lastRunAt, nextRunAt } = this.processes.status('reminders');
    if (state === 'not_here') return NOT_A_WORKER;
    const facts = { lagMs: lag, lastRunAt: isoOrNull(lastRunAt), nextRunAt: isoOrNull(nextRunAt) };
    if (state === 'paused') return { status: 'degraded', message: 'paused', ...facts };
    const { schedulerLagDegraded, schedulerLagUnhealthy } = this.limits;
    const message = lastError ?? `reminders are late by ${lag} ms`;
    if (lag > schedulerLagUnhealthy) return { status: 'unhealthy', message, ...facts };
    if (lag > schedulerLagDegraded || lastError !== undefined)
      return { status: 'degraded', message, ...facts };
    return { status: 'healthy', ...facts };
  }
}
