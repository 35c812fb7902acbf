import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { parseDuration } from '../config/duration.js';
import { invalidInput, notFound } from '../errors/domain-error.js';
import { HealthParts } from '../health/health-parts.js';
import { ProcessControl } from '../processes/process-control.js';
import { MONITORING, Monitor } from './monitor.js';
import { type MonitorSettings, StoredMonitorSettings } from './monitor-settings.js';
import type {
  CheckedView,
  MonitoringView,
  ServiceHealthQuery,
  ServiceHealthView,
  StartMonitoring,
  SystemHealthView,
} from './monitoring.schemas.js';
import { monitoringView, reportView, sampleView } from './monitoring.view.js';
import { SampleRepository } from './sample.repository.js';

/** Shows what the monitor saw, and starts and stops it. */
@Injectable()
export class MonitoringService {
  constructor(
    private readonly samples: SampleRepository,
    private readonly monitor: Monitor,
    private readonly stored: StoredMonitorSettings,
    private readonly processes: ProcessControl,
    private readonly parts: HealthParts,
    private readonly clock: Clock,
  ) {}

  async overview(period: string): Promise<SystemHealthView> {
    const since = this.since(period);
    const services = this.parts.all.map(({ name }) => name);
    const [reports, newest, monitoring] = await Promise.all([
      this.samples.report(services, since),
      this.samples.newest(services),
      this.state(),
    ]);
    return {
      monitoring,
      since: since.toISOString(),
      services: services.map((service) => {
        const isIts = (row: { readonly service: string }) => row.service === service;
        return reportView(service, reports.find(isIts), newest.find(isIts));
      }),
    };
  }

  /** @throws DomainError `service_not_found` */
  async service(name: string, { period, ...page }: ServiceHealthQuery): Promise<ServiceHealthView> {
    if (!this.parts.all.some((part) => part.name === name)) throw notFound('service', name);
    const since = this.since(period);
    const [[report], [last], { data, nextCursor }] = await Promise.all([
      this.samples.report([name], since),
      this.samples.newest([name]),
      this.samples.list(name, { since, ...page }, sampleView),
    ]);
    return {
      since: since.toISOString(),
      report: reportView(name, report, last),
      data: [...data],
      nextCursor,
    };
  }

  /** Looks now, from this process; what it sees goes into the history, and raises no alert. */
  async check(): Promise<CheckedView> {
    const { samples, canWrite } = await this.monitor.look();
    if (canWrite) await this.samples.write(samples, [], new Date(this.clock.now()));
    return { services: samples.map(sampleView) };
  }

  /** @throws DomainError where the limits do not fit each other */
  async start({ interval, thresholds = {} }: StartMonitoring): Promise<MonitoringView> {
    const { responseTimeDegraded, responseTimeUnhealthy, ...counts } = thresholds;
    const given = definedOnly({
      interval: milliseconds(interval),
      responseTimeDegraded: milliseconds(responseTimeDegraded),
      responseTimeUnhealthy: milliseconds(responseTimeUnhealthy),
      ...counts,
    });
    const next = { ...(await this.stored.read()), ...given };
    if (next.responseTimeDegraded > next.responseTimeUnhealthy) {
      throw invalidInput([
        {
          path: 'thresholds.responseTimeDegraded',
          message: 'must not be longer than responseTimeUnhealthy',
        },
      ]);
    }
    const settings = await this.stored.store(given);
    await this.processes.resume(MONITORING);
    this.monitor.wake();
    return monitoringView(true, settings);
  }

  /** In all processes, and across restarts. */
  async stop(): Promise<MonitoringView> {
    await this.processes.pause(MONITORING);
    return this.state();
  }

  private async state(): Promise<MonitoringView> {
    const listed = (await this.processes.list()).find(({ process }) => process.name === MONITORING);
    return monitoringView(listed?.pausedAt === undefined, await this.stored.read());
  }

  private since(period: string): Date {
    return new Date(this.clock.now() - (parseDuration(period) ?? 0));
  }
}

function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}

function definedOnly(settings: Readonly<Record<string, number | undefined>>): Partial<MonitorSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
