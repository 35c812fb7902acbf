import { Inject, Injectable } from '@nestjs/common';
import { overdueBy, scheduleOf } from '../backups/backup-schedule.js';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Metrics } from './metrics.js';
import { QueueReader, type Queues } from './queue-reader.js';

/** How long metrics wait for the database, in milliseconds. */
const READ_LIMIT = 1_000;

/**
 * What only the database knows: the same in every process of an installation, so take the maximum and not the sum.
 * It is asked once in METRICS_DATABASE_INTERVAL at most, by one statement at a time, and not waited for long.
 */
@Injectable()
export class QueueMetrics {
  private readonly interval: number;
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  /** What was read last; undefined: the database did not answer. */
  private queues: Queues | undefined;

  constructor(
    metrics: Metrics,
    private readonly reader: QueueReader,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.interval = config.metrics.databaseInterval;
    metrics.gauge('database_up', 'Whether the database answered when the queues were looked at.', [], () => [
      [{}, this.queues ? 1 : 0],
    ]);
    const gauge = (name: string, help: string, read: (queues: Queues) => number | null) =>
      metrics.gauge(name, help, [], () => (this.queues ? [[{}, read(this.queues) ?? 0]] : []));
    gauge(
      'event_fan_out_lag_seconds',
      'Age of the oldest event that was not passed on yet.',
      (q) => q.fanOutAge,
    );
    gauge('reminders_due', 'Reminders whose time has come; counted up to 10,000.', (q) => q.remindersDue);
    gauge(
      'reminder_oldest_due_age_seconds',
      'How long the longest due of them has been due.',
      (q) => q.reminderAge,
    );
    gauge(
      'escalation_oldest_age_seconds',
      'Age of the oldest escalation that nobody has claimed.',
      (q) => q.escalationAge,
    );
    gauge(
      'webhook_deliveries_due',
      'Deliveries that are due; counted up to 10,000 an endpoint.',
      (q) => q.deliveriesDue,
    );
    gauge(
      'webhook_oldest_due_age_seconds',
      'How long the longest due delivery has been due that neither a pause nor a rate limit holds back.',
      (q) => q.deliveryAge,
    );
    gauge(
      'backup_last_completed_timestamp_seconds',
      'When the last backup was completed; 0: never.',
      (q) => q.backupCompletedAt,
    );
    gauge(
      'backup_last_failed_timestamp_seconds',
      'When the last backup failed; 0: never.',
      (q) => q.backupFailedAt,
    );
    gauge(
      'backup_overdue_seconds',
      'For how long a scheduled backup has been due that was not made; 0: none is.',
      (q) => overdueBy(scheduleOf(q.backupSchedule, config.backups), this.readAt) / 1000,
    );
    metrics.gauge('escalations', 'Escalations in the queue; counted up to 10,000.', ['state'], () =>
      byState({ waiting: this.queues?.escalationsWaiting, claimed: this.queues?.escalationsClaimed }),
    );
    metrics.gauge(
      'webhook_endpoints',
      'Endpoints: well; failing since their last success; paused, by the breaker or by their own wish; disabled by a person; given up because they failed for too long or answered 410.',
      ['state'],
      () =>
        byState({
          well: this.queues?.endpointsWell,
          failing: this.queues?.endpointsFailing,
          paused: this.queues?.endpointsPaused,
          disabled: this.queues?.endpointsDisabled,
          given_up: this.queues?.endpointsGivenUp,
        }),
    );
  }

  /** Looks where it is time to; resolved when it is known, or when it has taken too long. Never throws. */
  async refresh(): Promise<void> {
    const now = this.clock.now();
    if (this.reading === undefined && now - this.readAt >= this.interval) {
      this.readAt = now;
      this.reading = this.read(now).finally(() => {
        this.reading = undefined;
      });
    }
    if (this.reading === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.queues = undefined;
        resolve();
      }, READ_LIMIT);
    });
    await Promise.race([this.reading, late]);
    clearTimeout(timer);
  }

  private async read(now: number): Promise<void> {
    try {
      this.queues = await this.reader.read(new Date(now), READ_LIMIT);
    } catch {
      // That it is away is a metric, and a line in the log of whoever needs it.
      this.queues = undefined;
    }
  }
}

function byState(counts: Readonly<Record<string, number | undefined>>): [{ state: string }, number][] {
  return Object.entries(counts).flatMap(([state, count]) =>
    count === undefined ? [] : [[{ state }, count]],
  );
}
