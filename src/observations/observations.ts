import { Inject, Injectable } from '@nestjs/common';
import { LOG, type Log } from '../logging/log.js';

/** What may become of a reminder that a worker has claimed. */
export const REMINDER_OUTCOMES = ['sent', 'cancelled', 'failed', 'retried'] as const;

/** What those that watch are told of; each in the words of the part that tells it. Durations are milliseconds. */
export interface Happenings {
  /** A batch of messages was stored, or was not: those without an outcome failed. */
  ingested: {
    readonly messages: readonly {
      readonly id: string;
      readonly priority: string;
      readonly triage: { readonly source: string };
    }[];
    readonly outcomes: ReadonlyMap<string, { readonly outcome: string }>;
  };
  /** A message was not taken in, because too many wait. */
  ingestRefused: undefined;
  /** Committed events were passed on, and deliveries made of them. */
  eventsPassed: { readonly types: Readonly<Record<string, number>>; readonly deliveries: number };
  /** Attempts to deliver were made, and are recorded. */
  attempted: readonly {
    readonly outcome: string | null;
    readonly result: { readonly duration: number; readonly errorClass: string | null };
  }[];
  /** A worker has claimed a reminder for the first time. */
  reminderBegun: { readonly lateness: number };
  /** What became of reminders that a worker had claimed. */
  remindersDealtWith: {
    readonly outcome: (typeof REMINDER_OUTCOMES)[number];
    readonly count: number;
  };
  /** A background process has run. */
  processRan: { readonly name: string; readonly duration: number; readonly fault: Fault | undefined };
  /** A request failed of a fault of ours. */
  requestFailed: {
    readonly error: unknown;
    readonly method: string;
    readonly route: string;
    readonly traceId: string;
  };
}

/** What was thrown. */
export interface Fault {
  readonly error: unknown;
}

/**
 * Tells those that watch, metrics and error reports, what happens, so that whoever does the work knows none of
 * them. What watches never disturbs what it watches.
 */
@Injectable()
export class Observations {
  private readonly listeners: { [Name in keyof Happenings]?: ((seen: Happenings[Name]) => void)[] } = {};

  constructor(@Inject(LOG) private readonly log: Log) {}

  on<Name extends keyof Happenings>(name: Name, listener: (seen: Happenings[Name]) => void): void {
    const listeners: ((seen: Happenings[Name]) => void)[] = this.listeners[name] ?? [];
    listeners.push(listener);
    Object.assign(this.listeners, { [name]: listeners });
  }

  /** Never throws. */
  tell<Name extends keyof Happenings>(name: Name, seen: Happenings[Name]): void {
    const listeners = this.listeners[name];
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(seen);
      } catch (error) {
        this.log.warn({ err: error }, `What watches ${name} failed`);
      }
    }
  }
}
