import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { type DeliveryBacklog, DeliveryBacklogs } from '../webhooks/delivery-backlog.js';
import { DatabaseProbe } from './database-probe.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';
import { unreachable } from './single-probe.js';

/** What makes events leave Otklik. */
const PROCESSES = ['event-fan-out', 'webhooks'];

/** Whether events reach the endpoints that subscribed to them, in time. */
@Injectable()
export class WebhookHealth implements HealthPart {
  readonly name = 'webhook';
  private readonly limits: Config['health'];

  constructor(
    private readonly backlogs: DeliveryBacklogs,
    private readonly probe: DatabaseProbe,
    private readonly processes: BackgroundProcesses,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.limits = config.health;
  }

  async check(): Promise<HealthCheck> {
    const started = performance.now();
    const now = this.clock.now();
    try {
      let latencyMs = 0;
      const backlog = await this.backlogs.read(new Date(now), async (text, values) => {
        const finding = await this.probe.ask<DeliveryBacklog>('webhook', text, values);
        latencyMs = finding.latencyMs;
        return finding.result;
      });
      return { ...this.judge(backlog, now), latencyMs };
    } catch (error) {
      return unreachable(error, started);
    }
  }

  private judge(
    { enabled, failing, paused, disabled, oldestEvent, oldestDue }: DeliveryBacklog,
    now: number,
  ): HealthCheck {
    const [outboxAgeMs = 0, deliveryAgeMs = 0] = [oldestEvent, oldestDue].map((since) =>
      since ? Math.max(0, now - since.getTime()) : 0,
    );
    if (enabled === 0 && disabled === 0)
      return { status: 'not_configured', message: 'there are no endpoints', outboxAgeMs };
    const lagMs = Math.max(outboxAgeMs, deliveryAgeMs);
    const facts = { endpoints: enabled, failing, paused, disabled, lagMs, outboxAgeMs };
    const { webhookLagDegraded, webhookLagUnhealthy } = this.limits;
    if (lagMs > webhookLagUnhealthy) {
      return { status: 'unhealthy', message: `events are told ${lagMs} ms late`, ...facts };
    }
    const message = this.complaint(facts, lagMs > webhookLagDegraded);
    return message === undefined
      ? { status: 'healthy', ...facts }
      : { status: 'degraded', message, ...facts };
  }

  private complaint(
    { failing, disabled, lagMs }: { failing: number; disabled: number; lagMs: number },
    isLate: boolean,
  ): string | undefined {
    const paused = PROCESSES.find((name) => this.processes.status(name).state === 'paused');
    if (paused) return `${paused} is paused`;
    if (isLate) return `events are told ${lagMs} ms late`;
    if (failing > 0) return `${failing} of the endpoints fail`;
    if (disabled > 0) return `${disabled} endpoints were disabled because they failed`;
    return undefined;
  }
}
