import type { Config } from '../config/config.js';
import { formatDuration } from '../config/duration.js';
import { RecurringTime } from './backup-times.js';

/** When backups are made by themselves. All as in the settings. */
export interface BackupSchedule {
  readonly dailyAt: string;
  readonly weeklyAt: string;
  readonly keep: string;
}

export type ScheduledKind = 'daily' | 'weekly';

export type Slots = Readonly<Record<ScheduledKind, Date | null>>;

/** A schedule, and the last of its times that were seen to; null: none yet. */
export type FollowedSchedule = BackupSchedule & { readonly slots: Slots };

/** The row of the schedule; null: as the settings say. */
export interface ScheduleRow {
  readonly dailyAt: string | null;
  readonly weeklyAt: string | null;
  readonly keep: string | null;
  readonly dailySlot: Date | null;
  readonly weeklySlot: Date | null;
}

/** What somebody decided, over the settings. */
export function scheduleOf(
  row: ScheduleRow | undefined,
  { dailyAt, weeklyAt, keep }: Config['backups'],
): FollowedSchedule {
  return {
    dailyAt: row?.dailyAt ?? dailyAt,
    weeklyAt: row?.weeklyAt ?? weeklyAt,
    keep: row?.keep ?? inDays(keep),
    slots: { daily: row?.dailySlot ?? null, weekly: row?.weeklySlot ?? null },
  };
}

/** For how long a scheduled backup has been due that was not made, in milliseconds; 0: none is. */
export function overdueBy({ dailyAt, weeklyAt, slots }: FollowedSchedule, now: number): number {
  const since = (
    [
      [dailyAt, slots.daily],
      [weeklyAt, slots.weekly],
    ] as const
  ).map(([text, seenTo]) => {
    const time = RecurringTime.parse(text);
    // What came before the schedule began is nobody's.
    return time && seenTo ? now - time.after(seenTo.getTime()) : 0;
  });
  return Math.max(0, ...since);
}

function inDays(milliseconds: number): string {
  const days = milliseconds / (24 * 60 * 60 * 1_000);
  return Number.isInteger(days) ? `P${days}D` : formatDuration(milliseconds);
}
