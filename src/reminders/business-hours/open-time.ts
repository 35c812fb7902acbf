import { offsetPeriods } from './offset-periods.js';
import { DAY, type Timetable } from './opening-rules.js';

/** A time without a break in which a team is at work; the end is outside. Milliseconds since 1970. */
interface Opening {
  readonly start: number;
  end: number;
  /** The open time before it. */
  readonly before: number;
}

/** The openings within a limited time, with the open time that lies before each: both are looked up by halving. */
export class OpenTime {
  /** All of the open time within, in milliseconds. */
  readonly total: number;

  private constructor(private readonly openings: readonly Opening[]) {
    const last = openings.at(-1);
    this.total = last ? last.before + last.end - last.start : 0;
  }

  /** Works out what is open from `start` to `end`: the timetable of each date, while the clocks stay as they are. */
  static within(timezone: string, timetable: Timetable, start: number, end: number): OpenTime {
    const openings: Opening[] = [];
    for (const period of offsetPeriods(timezone, start, end)) {
      const lastDay = Math.floor((period.end - 1 + period.offset) / DAY);
      for (let day = Math.floor((period.start + period.offset) / DAY); day <= lastDay; day++) {
        const midnight = day * DAY - period.offset;
        for (const [opens, closes] of timetable.intervalsOn(day)) {
          append(openings, Math.max(midnight + opens, period.start), Math.min(midnight + closes, period.end));
        }
      }
    }
    return new OpenTime(openings);
  }

  /** The open time before a moment, in milliseconds. */
  before(at: number): number {
    const opening = this.lastWhere(({ start }) => start <= at);
    return opening ? opening.before + Math.min(at, opening.end) - opening.start : 0;
  }

  /** The open moment that has so much open time before it; undefined: there is not so much. */
  moment(openTime: number): number | undefined {
    if (openTime >= this.total) return undefined;
    const opening = this.lastWhere(({ before }) => before <= openTime);
    return opening && opening.start + openTime - opening.before;
  }

  private lastWhere(isSo: (opening: Opening) => boolean): Opening | undefined {
    let [low, high] = [0, this.openings.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isSo(this.openings[middle] as Opening)) low = middle + 1;
      else high = middle;
    }
    return this.openings[low - 1];
  }
}

/** Adds an opening after all others; one that begins where the last one ends continues it. */
function append(openings: Opening[], start: number, end: number): void {
  if (start >= end) return;
  const last = openings.at(-1);
  if (last?.end === start) last.end = end;
  else openings.push({ start, end, before: last ? last.before + last.end - last.start : 0 });
}
