import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { errorMessage } from '../resilience/error-code.js';
import { type DeliveryBacklog, DeliveryBacklogs } from '../webhooks/delivery-backlog.js';
import type { HealthCheck } from './health.schemas.js';

/** What makes events leave Otklik. */
const PROCESSES = ['event-fan-out', 'webhooks'];

/** How long the database may take, in milliseconds. */
const PROBE_LIMIT = 1_000;

/** Whether events reach the endpoints that subscribed to them, in time. */
@Injectable()
export class WebhookHealth {
  private readonly limits: Config['health'];
  private probe: Promise<HealthCheck> | undefined;

  constructor(
    private readonly backlogs: DeliveryBacklogs,
    private readonly processes: BackgroundProcesses,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.limits = config.health;
  }

  /** One look at a time, however many ask. */
  check(): Promise<HealthCheck> {
    this.probe ??= this.look().finally(() => {
      this.probe = undefined;
    });
    return this.probe;
  }

  private async look(): Promise<HealthCheck> {
    const now = this.clock.now();
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_LIMIT} ms`)), PROBE_LIMIT);
      });
      return this.judge(await Promise.race([this.backlogs.read(new Date(now)), late]), now);
    } catch (error) {
      return { status: 'unhealthy', message: errorMessage(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  private judge(
    { enabled, failing, disabled, oldestEvent, oldestDue }: DeliveryBacklog,
    now: number,
  ): HealthCheck {
    if (enabled === 0 && disabled === 0)
      return { status: 'not_configured', message: 'there are no endpoints' };
    const lagMs = Math.max(
      0,
      ...[oldestEvent, oldestDue].map((since) => (since ? now - since.getTime() : 0)),
    );
    const facts = { endpoints: enabled, failing, disabled, lagMs };
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
