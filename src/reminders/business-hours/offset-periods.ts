import { IANAZone } from 'luxon';
import { DAY } from './opening-rules.js';

/** A time in which the clocks of a zone stay at one distance from UTC; all in milliseconds. */
export interface OffsetPeriod {
  readonly start: number;
  readonly end: number;
  /** What to add to UTC for the time that the clocks show. */
  readonly offset: number;
}

const MINUTE = 60_000;

/** Whether there is such a time zone, by its IANA name; distances such as `+01:00` are none. */
export function isTimezone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name);
}

/**
 * Cuts the time from `start` to `end` wherever the clocks of the zone are changed.
 *
 * The clocks are read once a day; between two days that differ, the change is looked for by halving.
 */
export function offsetPeriods(timezone: string, start: number, end: number): OffsetPeriod[] {
  const zone = IANAZone.create(timezone);
  const offsetAt = (at: number) => zone.offset(at) * MINUTE;
  const periods: OffsetPeriod[] = [];
  let since = start;
  let offset = offsetAt(start);
  for (let known = start; known < end; ) {
    const next = Math.min(known + DAY, end);
    if (offsetAt(next) === offset) {
      known = next;
      continue;
    }
    const change = firstChange(known, next, (at) => offsetAt(at) !== offset);
    if (change < end) {
      periods.push({ start: since, end: change, offset });
      since = change;
      offset = offsetAt(change);
    }
    known = change;
  }
  periods.push({ start: since, end, offset });
  return periods;
}

/** The first millisecond at which it is so, where it is not at `before` and is at `after`. */
function firstChange(before: number, after: number, isSo: (at: number) => boolean): number {
  let [low, high] = [before, after];
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (isSo(middle)) high = middle;
    else low = middle;
  }
  return high;
}
