import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { formatDuration } from '../config/duration.js';

/** When backups are made by themselves. All as in the settings. */
export interface BackupSchedule {
  readonly dailyAt: string;
  readonly weeklyAt: string;
  readonly keep: string;
}

export type ScheduledKind = 'daily' | 'weekly';

export type Slots = Readonly<Record<ScheduledKind, Date | null>>;

interface Row {
  readonly dailyAt: string | null;
  readonly weeklyAt: string | null;
  readonly keep: string | null;
  readonly dailySlot: Date | null;
  readonly weeklySlot: Date | null;
}

/** The row of the schedule: what somebody decided over the settings, and how far it was seen to. */
@Injectable()
export class BackupScheduleRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async read(
    tx: Pick<EntityManager, 'query'> = this.dataSource,
  ): Promise<BackupSchedule & { readonly slots: Slots }> {
    const [row]: Row[] = await tx.query(
      `select daily_at as "dailyAt", weekly_at as "weeklyAt", keep,
              daily_slot as "dailySlot", weekly_slot as "weeklySlot"
         from backup_schedule`,
    );
    const { dailyAt, weeklyAt, keep } = this.config.backups;
    return {
      dailyAt: row?.dailyAt ?? dailyAt,
      weeklyAt: row?.weeklyAt ?? weeklyAt,
      keep: row?.keep ?? inDays(keep),
      slots: { daily: row?.dailySlot ?? null, weekly: row?.weeklySlot ?? null },
    };
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

function inDays(milliseconds: number): string {
  const days = milliseconds / (24 * 60 * 60 * 1_000);
  return Number.isInteger(days) ? `P${days}D` : formatDuration(milliseconds);
}
