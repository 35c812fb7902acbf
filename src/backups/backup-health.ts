import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { parseDuration } from '../config/duration.js';
import { DomainError } from '../errors/domain-error.js';
import { BackupFiles } from './backup-files.js';
import { BackupRunRepository } from './backup-run.repository.js';
import { overdueBy } from './backup-schedule.js';
import { BackupScheduleRepository } from './backup-schedule.repository.js';
import { PostgresPrograms } from './postgres-programs.js';

/** As health shows each of its parts. */
export interface BackupHealthCheck {
  readonly [fact: string]: unknown;
  readonly status: 'healthy' | 'degraded' | 'not_configured';
  readonly message?: string;
}

/** How long the programs are believed to be as they were, in milliseconds: asking them starts three processes. */
const BELIEVED_FOR = 60_000;

/** How late a scheduled backup may be before health speaks of it, in milliseconds. */
const PATIENCE = 60 * 60_000;

/** Whether backups are made, and can be. Otklik works without, so it is never worse than degraded. */
@Injectable()
export class BackupHealth {
  private fault: { readonly message: string | undefined; readonly until: number } | undefined;

  constructor(
    private readonly programs: PostgresPrograms,
    private readonly files: BackupFiles,
    private readonly runs: BackupRunRepository,
    private readonly schedule: BackupScheduleRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * One look.
   *
   * @param database sends statements: whoever asks says how long they may take
   */
  async check(database: Pick<EntityManager, 'query'>): Promise<BackupHealthCheck> {
    const [schedule, files, statistics] = await Promise.all([
      this.schedule.read(database),
      this.files.list(),
      this.runs.statistics(database),
    ]);
    const newest = files[0];
    const lagMs = overdueBy(schedule, this.clock.now());
    const facts = {
      backups: files.length,
      newestAt: newest?.createdAt ?? null,
      keepDays: Math.round((parseDuration(schedule.keep) ?? 0) / 86_400_000),
      lagMs,
    };
    const isOff = [schedule.dailyAt, schedule.weeklyAt].every((time) => time === 'off');
    if (isOff && !newest) return { status: 'not_configured', message: 'backups are off', ...facts };
    const programFault = await this.programFault(database);
    if (programFault !== undefined) return { status: 'degraded', message: programFault, ...facts };
    const { lastFailedAt, lastCompletedAt, lastError } = statistics;
    if (lastFailedAt && (!lastCompletedAt || lastFailedAt > lastCompletedAt))
      return { status: 'degraded', message: `the last backup failed: ${lastError}`, ...facts };
    if (lagMs >= PATIENCE)
      return { status: 'degraded', message: 'a scheduled backup was not made', ...facts };
    if (lastCompletedAt && !newest)
      return { status: 'degraded', message: 'the backups that were made are gone from BACKUP_DIR', ...facts };
    return { status: 'healthy', ...facts };
  }

  private async programFault(database: Pick<EntityManager, 'query'>): Promise<string | undefined> {
    const now = this.clock.now();
    if (this.fault === undefined || now >= this.fault.until) {
      const message = await this.programs.check(database).then(
        () => undefined,
        (error) => {
          if (error instanceof DomainError) return error.message;
          throw error;
        },
      );
      this.fault = { message, until: now + BELIEVED_FOR };
    }
    return this.fault.message;
  }
}
