const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const HOUR = 60 * 60 * 1_000;
const DAY = 24 * HOUR;

/** Times that come again and again, in UTC: `02:00` each day, `Monday 03:00` each week, `off` never. */
export class RecurringTime {
  private constructor(
    private readonly period: number,
    /** From the beginning of a period, in milliseconds; periods are counted from 1970, a Thursday. */
    private readonly offset: number,
  ) {}

  static parse(text: string): RecurringTime | undefined {
    if (text === 'off') return undefined;
    const found = /^(?:(\w+) )?(\d\d):(\d\d)$/.exec(text);
    const [, day, hours, minutes] = found ?? [];
    const ofDay = Number(hours) * HOUR + Number(minutes) * 60_000;
    const weekday = day === undefined ? undefined : DAYS.indexOf(day);
    if (Number.isNaN(ofDay) || weekday === -1) throw new Error(`${text} is no time of a backup.`);
    if (weekday === undefined) return new RecurringTime(DAY, ofDay);
    // The first of January 1970 was the fourth day of a week that begins on Sunday.
    return new RecurringTime(7 * DAY, ((weekday - 4 + 7) % 7) * DAY + ofDay);
  }

  /** The last such time that is not after the given one, in milliseconds since 1970. */
  atOrBefore(now: number): number {
    return Math.floor((now - this.offset) / this.period) * this.period + this.offset;
  }

  /** The first such time after the given one. */
  after(now: number): number {
    return this.atOrBefore(now) + this.period;
  }
}
