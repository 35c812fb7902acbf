import { Injectable } from '@nestjs/common';
import { RoutineCalls } from '../../database/routine-calls.js';
import { readRoutine } from '../../database/routines.js';
import { Observations } from '../../observations/observations.js';

/** Makes deliveries of new events; runs inside PostgreSQL. */
export const FAN_OUT_ROUTINE = readRoutine('fan_out_events', 'webhooks/dispatch/fan-out.sql');

/** What became of a batch of events. */
export interface FannedOut {
  /** How many were passed, with or without endpoints that wanted them. */
  readonly events: number;
  readonly deliveries: number;
  /** The number before which it stopped, for that event may be committed later. */
  readonly gap: { readonly missing: number; readonly seen: number } | undefined;
  /** How many endpoints are enabled. */
  readonly endpoints: number;
}

interface Row {
  readonly events: number;
  readonly deliveries: number;
  readonly missing: string | null;
  readonly seen: string | null;
  readonly endpoints: number;
  /** How many events of each type were passed; null: none were. */
  readonly types: Readonly<Record<string, number>> | null;
}

/** The way from events to deliveries. */
@Injectable()
export class FanOutRepository {
  constructor(
    private readonly routines: RoutineCalls,
    private readonly observations: Observations,
  ) {}

  /**
   * Makes deliveries of the events that come next, in one transaction.
   *
   * @param decided up to which position what is missing will never come
   * @returns undefined where another worker is at it
   */
  async next(now: number, limit: number, decided: number): Promise<FannedOut | undefined> {
    const [row] = await this.routines.call<Row>(FAN_OUT_ROUTINE, [new Date(now), limit, decided]);
    if (!row) return undefined;
    const { events, deliveries, missing, seen, endpoints, types } = row;
    if (types) this.observations.tell('eventsPassed', { types, deliveries });
    const gap =
      missing === null || seen === null ? undefined : { missing: Number(missing), seen: Number(seen) };
    return { events, deliveries, gap, endpoints };
  }
}
