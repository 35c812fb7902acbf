import { Clock } from '../../src/clock/clock.js';

/** A clock that stands still until a test moves it. */
export class SettableClock extends Clock {
  private at = Date.parse('2026-11-21T09:00:00.000Z');
  private readonly alarms = new Set<{ readonly at: number; readonly wake: () => void }>();

  override now(): number {
    return this.at;
  }

  /** The time as the API writes it, or that far from it. */
  iso(offset = 0): string {
    return new Date(this.at + offset).toISOString();
  }

  override wakeAt(at: number, wake: () => void): () => void {
    const alarm = { at, wake };
    this.alarms.add(alarm);
    // What is due already must not wait for somebody to move the clock.
    if (at <= this.at) queueMicrotask(() => this.ring());
    return () => this.alarms.delete(alarm);
  }

  /** Moves it on; whatever waited for that is woken. */
  advance(milliseconds: number): void {
    this.at += milliseconds;
    this.ring();
  }

  private ring(): void {
    const due = [...this.alarms].filter(({ at }) => at <= this.at).sort((a, b) => a.at - b.at);
    for (const alarm of due) if (this.alarms.delete(alarm)) alarm.wake();
  }
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
