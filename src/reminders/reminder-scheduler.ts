import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Observations } from '../observations/observations.js';
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
  private readonly underWay = new Set<Promise<void>>();
  /** Why a batch was cut off, until a run has failed of it. */
  private fault: { readonly error: unknown } | undefined;

  constructor(
    private readonly reminders: DueReminderRepository,
    private readonly delivery: ReminderDelivery,
    private readonly clock: Clock,
    private readonly observations: Observations,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.reminders;
    this.handle = processes.register({
      name: 'reminders',
      description: 'Sends the reminders that are due.',
      interval: config.reminders.pollInterval,
      run: (stopping) => this.run(stopping),
      settled: () => this.settled(),
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
   * Claims until nothing more is due; the last batches are sent behind it, so that one that has to wait for a client's
   * lock holds up no other.
   *
   * @throws where the database was lost; what was claimed is then sent by the next run, as the same attempt
   */
  private async run(stopping: AbortSignal): Promise<Run> {
    const { workers, batchSize, lease } = this.settings;
    this.throwFault();
    let nextAt: number | undefined;
    let lag = 0;
    for (const batch of this.cutOff.splice(0)) this.begin(batch);
    while (!stopping.aborted) {
      if (this.underWay.size >= workers) {
        await Promise.race(this.underWay);
        this.throwFault();
        continue;
      }
      const now = this.clock.now();
      const claim = await this.reminders.claim(now, lease, batchSize);
      lag = Math.max(lag, this.lateness(claim.reminders, now));
      if (claim.reminders.length > 0) this.begin(claim.reminders);
      if (claim.reminders.length < batchSize) {
        nextAt = claim.nextAt;
        break;
      }
    }
    return { handled: 0, nextAt, lag };
  }

  /** How late the first attempt at the most overdue one begins, in milliseconds. */
  private lateness(claimed: Batch, now: number): number {
    let most = 0;
    for (const { attempts, scheduledAt } of claimed) {
      if (attempts > 0) continue;
      const lateness = now - scheduledAt.getTime();
      this.observations.tell('reminderBegun', { lateness });
      most = Math.max(most, lateness);
    }
    return most;
  }

  private begin(batch: Batch): void {
    const work = this.deliver(batch)
      .catch((error: unknown) => {
        this.cutOff.push(batch);
        this.fault ??= { error };
        this.handle.wake();
      })
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  private async deliver(batch: Batch): Promise<void> {
    const { handled, failed, nextAt } = await this.delivery.deliver(batch);
    this.handle.report(handled, failed);
    if (Number.isFinite(nextAt)) this.expect(nextAt);
  }

  private throwFault(): void {
    const { fault } = this;
    this.fault = undefined;
    if (fault) throw fault.error;
  }

  private async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}
