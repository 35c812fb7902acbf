import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { ReminderPolicyRepository } from './reminder-policy.repository.js';
import { ReminderPolicyRecalculation } from './reminder-policy-recalculation.js';
import { ReminderScheduler } from './reminder-scheduler.js';

const SECOND = 1_000;

/** How often changed policies are looked for where nobody told of them. */
const INTERVAL = 60 * SECOND;

/** How long what was planned may be on its way into the database; the clocks of processes may differ by it, too. */
const ON_THE_WAY = 10 * SECOND;

/** A worker that starts later than this after a change takes it for settled. */
const DAY = 24 * 60 * 60 * SECOND;

/**
 * Recalculates once more what other processes planned while they still had the old copy of a policy that was changed.
 * Each worker does it for each change: whoever comes second finds nothing to do.
 */
@Injectable()
export class ReminderPolicyFollowUp {
  private readonly delay: number;
  private readonly handle: ProcessHandle;
  /** For each policy, the change that was followed up last. */
  private readonly settled = new Map<string, number>();

  constructor(
    private readonly policies: ReminderPolicyRepository,
    private readonly recalculation: ReminderPolicyRecalculation,
    private readonly scheduler: ReminderScheduler,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.delay = config.reminders.policyCacheTtl + ON_THE_WAY;
    this.handle = processes.register({
      name: 'reminder-policies',
      description: 'Recalculates what was planned by a policy that had just been changed.',
      interval: INTERVAL,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that a policy was changed. */
  expect(updatedAt: Date): void {
    this.handle.wake(updatedAt.getTime() + this.delay);
  }

  private async run(stopping: AbortSignal): Promise<Run> {
    let handled = 0;
    let nextAt: number | undefined;
    for (const { view, updatedAt } of await this.policies.list()) {
      const at = updatedAt.getTime();
      if (this.settled.get(view.priority) === at) continue;
      if (this.clock.now() < at + this.delay) {
        nextAt = Math.min(nextAt ?? Number.POSITIVE_INFINITY, at + this.delay);
        continue;
      }
      if (this.clock.now() < at + this.delay + DAY) {
        const plannedSince = new Date(at - ON_THE_WAY);
        const recalculated = await this.recalculation.run(view.priority, { plannedSince, stopping });
        if (recalculated.nextAt !== undefined) this.scheduler.expect(recalculated.nextAt);
        if (stopping.aborted) break;
        handled += recalculated.reminders;
      }
      this.settled.set(view.priority, at);
    }
    return { handled, nextAt };
  }
}
