import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PingingPool } from '../database/pinging-pool.js';
import { ShutdownGate } from '../http/shutdown-gate.js';
import { errorMessage } from '../resilience/error-code.js';
import type { Health, HealthCheck } from './health.schemas.js';
import { SchedulerHealth } from './scheduler-health.js';
import { SelfCheckHealth } from './self-check-health.js';
import { WebhookHealth } from './webhook-health.js';

/** How long a probe waits for the database, in milliseconds. */
const PROBE_LIMIT = 1_000;

/** How it goes, for probes and people. */
@Injectable()
export class HealthService {
  private probe: Promise<HealthCheck> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly gate: ShutdownGate,
    private readonly schedulerHealth: SchedulerHealth,
    private readonly selfCheckHealth: SelfCheckHealth,
    private readonly webhookHealth: WebhookHealth,
  ) {}

  /** Whether the process itself works; asks nobody else. */
  live(): Health {
    return summarise({ process: { status: 'healthy', uptimeSeconds: Math.round(process.uptime()) } });
  }

  /** Whether requests should be sent here; they can be taken in even where reminders are late. */
  async ready(): Promise<Health> {
    const health = await this.database();
    if (this.gate.isOpen) return health;
    return summarise({ ...health.checks, process: { status: 'unhealthy', message: 'shutting down' } });
  }

  async overall(): Promise<Health> {
    const [database, webhook] = await Promise.all([this.databaseCheck(), this.webhookHealth.check()]);
    return summarise({
      database,
      scheduler: this.schedulerHealth.check(),
      selfCheck: this.selfCheckHealth.check(),
      webhook,
    });
  }

  async database(): Promise<Health> {
    return summarise({ database: await this.databaseCheck() });
  }

  scheduler(): Health {
    return summarise({ scheduler: this.schedulerHealth.check() });
  }

  async webhook(): Promise<Health> {
    return summarise({ webhook: await this.webhookHealth.check() });
  }

  /** One probe at a time, however many ask: a hung database collects no waiting probes. */
  private databaseCheck(): Promise<HealthCheck> {
    this.probe ??= this.probeDatabase().finally(() => {
      this.probe = undefined;
    });
    return this.probe;
  }

  private async probeDatabase(): Promise<HealthCheck> {
    const started = performance.now();
    const pool = (this.dataSource.driver as unknown as { master: PingingPool }).master;
    const numbers = { connections: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_LIMIT} ms`)), PROBE_LIMIT);
      });
      await Promise.race([this.dataSource.query('select 1'), late]);
      return { status: 'healthy', latencyMs: since(started), ...numbers };
    } catch (error) {
      return { status: 'unhealthy', latencyMs: since(started), message: errorMessage(error), ...numbers };
    } finally {
      clearTimeout(timer);
    }
  }
}

function since(started: number): number {
  return Math.round((performance.now() - started) * 10) / 10;
}

function summarise(checks: Record<string, HealthCheck>): Health {
  const statuses = Object.values(checks).map((check) => check.status);
  const worst = (['unhealthy', 'degraded'] as const).find((status) => statuses.includes(status));
  return { status: worst ?? 'healthy', checks };
}
