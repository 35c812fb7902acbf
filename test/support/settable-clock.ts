import { Clock } from '../../src/clock/clock.js';

/** A clock that stands still until a test moves it. */
export class SettableClock extends Clock {
  private at = Date.parse('2026-11-21T09:00:00.000Z');

  override now(): number {
    return this.at;
  }

  /** The time as the API writes it, or that far from it. */
  iso(offset = 0): string {
    return new Date(this.at + offset).toISOString();
  }

  /** Moves it on. */
  advance(milliseconds: number): void {
    this.at += milliseconds;
  }
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
