import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { type ClaimedReminder, DueReminderRepository } from './due-reminder.repository.js';
import { ReminderDelivery } from './reminder-delivery.js';

type Batch = readonly ClaimedReminder[];

/**
 * Sends the reminders that are due: claims one batch after the other, and has at most `REMINDER_WORKERS` of them under
 * way. Any number of processes may do it at once; see docs/adr/0009-claims-leases-and-fencing.md.
 */
@Injectable()
export class ReminderScheduler {
  private readonly settings: Config['reminders'];
  private readonly handle: ProcessHandle;
  /** Batches whose sending was cut off by the loss of the database; they belong to us as long as their leases hold. */
  private cutOff: Batch[] = [];
  /** What was dealt with and not reported yet, because the run failed in the end. */
  private unreported = { handled: 0, failed: 0 };

  constructor(
    private readonly reminders: DueReminderRepository,
    private readonly delivery: ReminderDelivery,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.reminders;
    this.handle = processes.register({
      name: 'reminders',
      description: 'Sends the reminders that are due.',
      interval: config.reminders.pollInterval,
      run: (stopping) => this.run(stopping),
    });
  }

  /**
   * Says that there is a reminder that is due at this time; cheap where the scheduler wakes earlier anyway.
   *
   * @param at milliseconds
   */
  expect(at: number): void {
    this.handle.wake(at);
  }

  /**
   * Sends until nothing is due.
   *
   * @throws where the database is lost; what was claimed is then sent by the next run, as the same attempt
   */
  private async run(stopping: AbortSignal): Promise<Run> {
    const { workers, batchSize, lease } = this.settings;
    const underWay = new Set<Promise<void>>();
    const faults: unknown[] = [];
    const begin = (batch: Batch) => {
      const work = this.deliver(batch)
        .catch((error) => {
          this.cutOff.push(batch);
          faults.push(error);
        })
        .finally(() => underWay.delete(work));
      underWay.add(work);
    };
    let nextAt: number | undefined;
    let lag = 0;
    try {
      for (const batch of this.cutOff.splice(0)) begin(batch);
      while (!stopping.aborted && faults.length === 0) {
        if (underWay.size >= workers) {
          await Promise.race(underWay);
          continue;
        }
        const now = this.clock.now();
        const claim = await this.reminders.claim(now, lease, batchSize);
        lag = Math.max(lag, lateness(claim.reminders, now));
        if (claim.reminders.length > 0) begin(claim.reminders);
        if (claim.reminders.length < batchSize) {
          nextAt = claim.nextAt;
          break;
        }
      }
    } finally {
      await Promise.all(underWay);
    }
    if (faults.length > 0) throw faults[0];
    const { handled, failed } = this.unreported;
    this.unreported = { handled: 0, failed: 0 };
    return { handled, failed, nextAt, lag };
  }

  private async deliver(batch: Batch): Promise<void> {
    const { handled, failed, nextAt } = await this.delivery.deliver(batch);
    this.unreported.handled += handled;
    this.unreported.failed += failed;
    if (Number.isFinite(nextAt)) this.expect(nextAt);
  }
}

/** How late the first attempt at the most overdue one begins, in milliseconds. */
function lateness(claimed: Batch, now: number): number {
  const first = claimed.filter(({ attempts }) => attempts === 0);
  return first.reduce((most, { scheduledAt }) => Math.max(most, now - scheduledAt.getTime()), 0);
}
