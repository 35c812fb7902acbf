import { OpenTime } from './open-time.js';
import { DAY, type OpeningRules, Timetable } from './opening-rules.js';

/** Openings are worked out, and kept, for so long a time at once. */
const BLOCK = 28 * DAY;

/** Nine years and more. */
const BLOCKS_KEPT = 128;

/**
 * Counts time only while a team is at work. All times are milliseconds since 1970-01-01T00:00:00Z.
 *
 * A moment is open when the clocks of the zone show a time inside an interval of the weekday (the end is outside), on
 * a date that is no holiday. So an hour that the clocks skip in spring is nobody's, and an hour that they show
 * twice in autumn is worked twice.
 *
 * Each message is planned with it: what is open when is worked out once (0.3 ms for four weeks) and kept.
 */
export class BusinessHours {
  private readonly timetable: Timetable;
  private readonly blocks = new Map<number, OpenTime>();

  /** @param rules a known time zone, times and dates, and one interval at least */
  constructor(private readonly rules: OpeningRules) {
    this.timetable = new Timetable(rules);
    if (!Object.values(rules.week).some((intervals) => intervals && intervals.length > 0))
      throw new RangeError('Business hours without an interval are never open.');
  }

  /**
   * The first open moment that has `delay` milliseconds of open time between `from` and itself. What would end exactly
   * at closing time therefore ends when it is open again; and a delay of 0 ends at once, or at the next opening.
   */
  add(from: number, delay: number): number {
    let index = Math.floor(from / BLOCK);
    let block = this.block(index);
    for (let left = block.before(from) + delay; ; left -= block.total, block = this.block(++index)) {
      const at = block.moment(left);
      if (at !== undefined) return at;
    }
  }

  /** How much of the time from `from` to `to` is open, in milliseconds. */
  between(from: number, to: number): number {
    let [index, last] = [Math.floor(from / BLOCK), Math.floor(to / BLOCK)];
    let open = this.block(last).before(to) - this.block(index).before(from);
    for (; index < last; index++) open += this.block(index).total;
    return open;
  }

  private block(index: number): OpenTime {
    const known = this.blocks.get(index);
    if (known) return known;
    const block = OpenTime.within(this.rules.timezone, this.timetable, index * BLOCK, (index + 1) * BLOCK);
    const [oldest] = this.blocks.keys();
    if (this.blocks.size >= BLOCKS_KEPT && oldest !== undefined) this.blocks.delete(oldest);
    this.blocks.set(index, block);
    return block;
  }
}
