import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { roundedMs } from '../clock/rounded-ms.js';
import { Transactor } from '../database/transactor.js';
import type { BackupListView, BackupStatusView, ChangeSchedule, ScheduleView } from './backup.schemas.js';
import { backupView, runView, unfinishedView } from './backup.view.js';
import { BackupActs } from './backup-acts.js';
import { BackupFiles } from './backup-files.js';
import { BackupRunRepository } from './backup-run.repository.js';
import type { BackupSchedule } from './backup-schedule.js';
import { BackupScheduleRepository } from './backup-schedule.repository.js';
import { BackupScheduler } from './backup-scheduler.js';
import { RecurringTime } from './backup-times.js';

/** What there is of backups, and when there will be more. */
@Injectable()
export class BackupOverview {
  constructor(
    private readonly files: BackupFiles,
    private readonly runs: BackupRunRepository,
    private readonly schedule: BackupScheduleRepository,
    private readonly scheduler: BackupScheduler,
    private readonly acts: BackupActs,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  /** Backups that are there, that are being made, and that came to nothing; newest first. */
  async list(): Promise<BackupListView> {
    const running = await this.runs.running();
    const [files, failed] = await Promise.all([this.files.list(), this.runs.failedBackups()]);
    const there = files.map(backupView);
    // One that has just become whole may still be said to go on.
    const names = new Set(there.map(({ filename }) => filename));
    const others = [...(running?.action === 'backup' ? [running] : []), ...failed]
      .filter(({ filename }) => !names.has(filename))
      .map(unfinishedView);
    const data = [...there, ...others].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    return { data, nextCursor: null };
  }

  async status(): Promise<BackupStatusView> {
    // First of all, so that what is over by then is found below.
    const running = await this.runs.running();
    const [files, lastRestore, lastVerification, schedule, statistics] = await Promise.all([
      this.files.list(),
      this.runs.last('restore'),
      this.runs.last('verification'),
      this.schedule.read(),
      this.runs.statistics(),
    ]);
    const now = this.clock.now();
    return {
      running: running ? runView(running) : null,
      lastRestore: lastRestore ? runView(lastRestore) : null,
      lastVerification: lastVerification ? runView(lastVerification) : null,
      schedule: scheduleView(schedule),
      nextDailyAt: nextTime(schedule.dailyAt, now),
      nextWeeklyAt: nextTime(schedule.weeklyAt, now),
      statistics: {
        backups: files.length,
        totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        newestAt: files[0]?.createdAt ?? null,
        oldestAt: files.at(-1)?.createdAt ?? null,
        completed: statistics.completed,
        failed: statistics.failed,
        lastCompletedAt: statistics.lastCompletedAt?.toISOString() ?? null,
        lastFailedAt: statistics.lastFailedAt?.toISOString() ?? null,
        lastError: statistics.lastError,
        averageDurationMs: statistics.averageDurationMs && roundedMs(statistics.averageDurationMs),
      },
    };
  }

  /** Decides when backups are made, for all processes; what is null goes back to the settings. */
  async changeSchedule(change: ChangeSchedule): Promise<ScheduleView> {
    const after = await this.transactor.run(async (tx) => {
      const before = scheduleView(await this.schedule.read(tx));
      await this.schedule.change(tx, change);
      const view = scheduleView(await this.schedule.read(tx));
      await this.acts.recordIn(tx, 'backup.schedule_changed', null, { before, after: view });
      return view;
    });
    this.scheduler.wake();
    return after;
  }
}

function scheduleView({ dailyAt, weeklyAt, keep }: BackupSchedule): ScheduleView {
  return { dailyAt, weeklyAt, keep };
}

function nextTime(text: string, now: number): string | null {
  const time = RecurringTime.parse(text);
  return time ? new Date(time.after(now)).toISOString() : null;
}
