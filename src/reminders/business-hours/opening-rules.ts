/** The days of a week, as policies name them. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Two times of a day, `HH:MM`: open from the first on, closed at the second. It may end at `24:00`. */
export type OpeningInterval = readonly [opens: string, closes: string];

/** When a team is at work, by the clocks of one time zone. */
export interface OpeningRules {
  /** IANA name, such as `Europe/Riga`. */
  readonly timezone: string;
  /** Intervals that do not overlap; a day without any is a day off. */
  readonly week: Readonly<Partial<Record<Weekday, readonly OpeningInterval[] | undefined>>>;
  /** Dates on which nobody works, `YYYY-MM-DD`. */
  readonly holidays: readonly string[];
}

const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** 1970-01-01, the day 0, was a Thursday. */
const WEEKDAY_OF_DAY_0 = WEEKDAYS.indexOf('thu');

/** The milliseconds from midnight to a time of the day, as clocks show it: 09:30 is 34,200,000. */
export function timeOfDay(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * MINUTE;
}

/**
 * What the rules say about each date, before any time zone is looked at. Days are counted from 1970-01-01, times in
 * milliseconds from midnight.
 */
export class Timetable {
  private readonly week: readonly (readonly (readonly [number, number])[])[];
  private readonly holidays: ReadonlySet<number>;

  constructor({ week, holidays }: OpeningRules) {
    this.week = WEEKDAYS.map((weekday) =>
      (week[weekday] ?? [])
        .map(([opens, closes]): [number, number] => [timeOfDay(opens), timeOfDay(closes)])
        .sort(([a], [b]) => a - b),
    );
    this.holidays = new Set(holidays.map((date) => Date.parse(date) / DAY));
  }

  intervalsOn(day: number): readonly (readonly [opens: number, closes: number])[] {
    if (this.holidays.has(day)) return [];
    const weekday = (((day + WEEKDAY_OF_DAY_0) % 7) + 7) % 7;
    return this.week[weekday] ?? [];
  }
}
