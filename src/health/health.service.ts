import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { ShutdownGate } from '../http/shutdown-gate.js';
import { MaintenanceMode } from '../maintenance/maintenance-mode.js';
import type { Health, HealthCheck } from './health.schemas.js';
import { HealthParts } from './health-parts.js';
import { HealthReport } from './health-report.js';

/** What `/health` is about: whether Otklik does its work. The rest stands in `/health/full`. */
const MAIN_PARTS = ['database', 'redis', 'scheduler', 'selfCheck', 'webhook'];

/** How it goes, for probes and people. */
@Injectable()
export class HealthService {
  constructor(
    private readonly parts: HealthParts,
    private readonly report: HealthReport,
    private readonly gate: ShutdownGate,
    private readonly maintenance: MaintenanceMode,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Whether the process itself works; asks nobody else. */
  live(): Promise<Health> {
    return this.report.of([
      {
        name: 'process',
        check: () => ({ status: 'healthy', uptimeSeconds: Math.round(process.uptime()) }),
      },
    ]);
  }

  /** Whether requests should be sent here; they can be taken in even where reminders are late. */
  ready(): Promise<Health> {
    const reason = this.notReady();
    return this.report.of([
      ...this.parts.named('database'),
      ...(reason === undefined ? [] : [{ name: 'process', check: () => reason }]),
    ]);
  }

  overall(): Promise<Health> {
    return this.of(...MAIN_PARTS);
  }

  full(): Promise<Health> {
    return this.report.of(this.parts.all);
  }

  of(...names: readonly string[]): Promise<Health> {
    return this.report.of(this.parts.named(...names));
  }

  private notReady(): HealthCheck | undefined {
    if (!this.gate.isOpen) return { status: 'unhealthy', message: 'shutting down' };
    const { readiness } = this.config.maintenance;
    if (!this.maintenance.isOn || readiness === 'ready') return undefined;
    return { status: 'unhealthy', message: 'maintenance' };
  }
}
