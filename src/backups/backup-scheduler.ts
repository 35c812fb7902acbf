import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { parseDuration } from '../config/duration.js';
import { DomainError } from '../errors/domain-error.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { AbandonedRestores } from './abandoned-restores.js';
import { BackupMaker } from './backup-maker.js';
import { BackupRetention } from './backup-retention.js';
import type { ScheduledKind } from './backup-schedule.js';
import { BackupScheduleRepository } from './backup-schedule.repository.js';
import { RecurringTime } from './backup-times.js';

/**
 * Makes the daily and the weekly backup when their time has come. A time is seen to once its backup is made, and only
 * the last one counts: after a downtime, one is made up. That one process makes it, the row of what goes on decides.
 */
@Injectable()
export class BackupScheduler {
  private readonly retryAfter: number;
  private readonly keep: number;
  private readonly handle: ProcessHandle;
  private failedUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly schedule: BackupScheduleRepository,
    private readonly maker: BackupMaker,
    private readonly retention: BackupRetention,
    private readonly restores: AbandonedRestores,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.retryAfter = config.backups.retryAfter;
    this.keep = config.backups.keep;
    this.handle = processes.register({
      name: 'backups',
      description: 'Makes the daily and weekly backups, and deletes old ones.',
      interval: config.backups.checkInterval,
      goesOnInMaintenance: true,
      run: () => this.run(),
    });
  }

  /** Says that the schedule is another one. */
  wake(): void {
    this.handle.wake();
  }

  /** Ends what was abandoned, makes what is due, and deletes what is old. */
  async run(): Promise<Run> {
    const { dailyAt, weeklyAt, keep, slots } = await this.schedule.read();
    let handled = 0;
    let nextAt = await this.restores.end();
    for (const [kind, text] of [
      ['weekly', weeklyAt],
      ['daily', dailyAt],
    ] as const) {
      const time = RecurringTime.parse(text);
      if (!time) continue;
      const now = this.clock.now();
      const slot = time.atOrBefore(now);
      const seenTo = slots[kind]?.getTime();
      nextAt = Math.min(nextAt, time.after(now));
      // What came before the schedule began is nobody's.
      if (seenTo === undefined) await this.schedule.seenTo(kind, new Date(slot));
      else if (seenTo < slot) {
        if (now < this.failedUntil) nextAt = Math.min(nextAt, this.failedUntil);
        else if (await this.make(kind, new Date(slot))) handled++;
        else nextAt = Math.min(nextAt, now + this.retryAfter);
      }
    }
    await this.retention.apply(parseDuration(keep) ?? this.keep);
    return { handled, nextAt };
  }

  /** @returns false where something else goes on, which may be this very backup in another process */
  private async make(kind: ScheduledKind, slot: Date): Promise<boolean> {
    try {
      await this.maker.makeScheduled(kind, slot);
      return true;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'backup_running') return false;
      this.failedUntil = this.clock.now() + this.retryAfter;
      throw error;
    }
  }
}
