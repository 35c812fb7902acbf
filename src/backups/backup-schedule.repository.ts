import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import {
  type BackupSchedule,
  type FollowedSchedule,
  type ScheduledKind,
  type ScheduleRow,
  scheduleOf,
} from './backup-schedule.js';

/** The row of the schedule: what somebody decided over the settings, and how far it was seen to. */
@Injectable()
export class BackupScheduleRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async read(tx: Pick<EntityManager, 'query'> = this.dataSource): Promise<FollowedSchedule> {
    const [row]: ScheduleRow[] = await tx.query(
      `select daily_at as "dailyAt", weekly_at as "weeklyAt", keep,
              daily_slot as "dailySlot", weekly_slot as "weeklySlot"
         from backup_schedule`,
    );
    return scheduleOf(row, this.config.backups);
  }

  /**
   * Decides over the settings; what is left out stays as it is, null goes back to the setting. A time that was changed
   * counts from then on: the one before now is not made up.
   */
  async change(
    tx: EntityManager,
    change: { readonly [Key in keyof BackupSchedule]?: BackupSchedule[Key] | null | undefined },
  ): Promise<void> {
    const columns = { dailyAt: 'daily_at', weeklyAt: 'weekly_at', keep: 'keep' } as const;
    for (const [key, column] of Object.entries(columns)) {
      const value = change[key as keyof BackupSchedule];
      if (value === undefined) continue;
      const slot = { dailyAt: ', daily_slot = null', weeklyAt: ', weekly_slot = null', keep: '' }[key];
      await tx.query(`update backup_schedule set ${column} = $1${slot}`, [value]);
    }
  }

  /** Remembers that a time was seen to; of processes that do it at once, one succeeds. */
  async seenTo(kind: ScheduledKind, slot: Date): Promise<boolean> {
    const [, count] = await this.dataSource.query(
      `update backup_schedule set ${kind}_slot = $1 where ${kind}_slot is null or ${kind}_slot < $1`,
      [slot],
    );
    return count === 1;
  }
}
