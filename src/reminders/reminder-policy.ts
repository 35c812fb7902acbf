import { parseDuration } from '../config/duration.js';
import { BusinessHours } from './business-hours/business-hours.js';
import type { ReminderPolicyView } from './reminder-policy.schemas.js';

const YEAR = 366 * 24 * 60 * 60_000;

/** When the team is reminded of a conversation of one priority, ready to compute with. */
export class ReminderPolicy {
  /** Milliseconds from the beginning of a chain to each of its planned reminders. */
  private readonly delays: readonly number[];
  private readonly repeatEvery: number | undefined;
  private readonly businessHours: BusinessHours | undefined;

  constructor(readonly view: ReminderPolicyView) {
    this.delays = view.delays.map(milliseconds);
    this.repeatEvery = view.repeatEvery === null ? undefined : milliseconds(view.repeatEvery);
    this.businessHours = view.businessHours ? new BusinessHours(view.businessHours) : undefined;
  }

  /** When the planned reminders of a chain that begins at `from` are due: those of the levels 1, 2, … */
  dueTimes(from: number): number[] {
    return this.delays.map((delay) => this.after(from, delay));
  }

  /** When the reminder after one that was sent at `from` is due, where the planned ones are used up. */
  repetition(from: number): number | undefined {
    return this.repeatEvery === undefined ? undefined : this.after(from, this.repeatEvery);
  }

  /**
   * Whether the reminder of this level escalates its conversation. The last one of a policy that does not repeat
   * always does: nobody would be told any more, and a conversation that waits must not be left with nothing.
   */
  escalates(level: number): boolean {
    const { escalateAtLevel } = this.view;
    const isLast = this.repeatEvery === undefined && level >= this.delays.length;
    return isLast || (escalateAtLevel !== null && level >= escalateAtLevel);
  }

  /** Whether a chain that begins at `from` would have to wait more than a year for one of its reminders. */
  isOutOfReach(from: number): boolean {
    if (!this.businessHours) return false;
    const longest = Math.max(...this.delays, this.repeatEvery ?? 0);
    return this.businessHours.between(from, from + YEAR) <= longest;
  }

  private after(from: number, delay: number): number {
    return this.businessHours ? this.businessHours.add(from, delay) : from + delay;
  }
}

function milliseconds(duration: string): number {
  const parsed = parseDuration(duration);
  if (parsed === undefined)
    throw new Error(`A stored reminder policy has ${duration}, which is no duration.`);
  return parsed;
}
