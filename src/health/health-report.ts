import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { roundedMs } from '../clock/rounded-ms.js';
import type { Health, TimedCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';

/**
 * Asks parts through Terminus, and tells what it says in the words of our contract. Terminus has no word for a part
 * that is not configured, and would leave it out: it goes through as one that is up.
 */
@Injectable()
export class HealthReport {
  constructor(
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** All parts at the same time; the worst decides. */
  async of(parts: readonly HealthPart[]): Promise<Health> {
    const details = await this.details(parts.map((part) => () => this.indicate(part)));
    const checks = Object.entries(details).map(([name, detail]) => [name, detail.check as TimedCheck]);
    const statuses = Object.values(details).map(({ status }) => status);
    return {
      status: statuses.includes('down')
        ? 'unhealthy'
        : statuses.includes('degraded')
          ? 'degraded'
          : 'healthy',
      checks: Object.fromEntries(checks),
    };
  }

  /** What Terminus throws where a part is down is an answer as well; ours has a form and a status of its own. */
  private async details(indicate: (() => Promise<HealthIndicatorResult>)[]): Promise<HealthIndicatorResult> {
    try {
      return (await this.terminus.check(indicate)).details;
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return (error.getResponse() as { details: HealthIndicatorResult }).details;
    }
  }

  /** Where a part does not say how long it took to answer, the look at it is timed. */
  private async look(part: HealthPart): Promise<TimedCheck> {
    const started = performance.now();
    const { status, latencyMs, ...facts } = await part.check();
    return { status, latencyMs: latencyMs ?? roundedMs(performance.now() - started), ...facts };
  }

  private async indicate(part: HealthPart): Promise<HealthIndicatorResult> {
    const check = await this.look(part);
    const indicator = this.indicators.check(part.name);
    if (check.status === 'unhealthy') return indicator.down({ check });
    return check.status === 'degraded' ? indicator.degraded({ check }) : indicator.up({ check });
  }
}
