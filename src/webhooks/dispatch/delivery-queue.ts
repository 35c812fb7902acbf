import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { RoutineCalls } from '../../database/routine-calls.js';
import { readRoutine } from '../../database/routines.js';
import type { DeliveryOutcome } from '../delivery.entity.js';
import type { AttemptResult, Outgoing } from '../sending/attempt-result.js';

/** Gives due deliveries to a worker; runs inside PostgreSQL. */
export const CLAIM_DELIVERIES_ROUTINE = readRoutine(
  'claim_deliveries',
  'webhooks/dispatch/claim-deliveries.sql',
);

/** Records what came of attempts; runs inside PostgreSQL. */
export const RECORD_ATTEMPTS_ROUTINE = readRoutine(
  'record_attempts',
  'webhooks/dispatch/record-attempts.sql',
);

/** A delivery that belongs to a worker for the time of its lease. */
export interface ClaimedDelivery {
  readonly id: string;
  /** What the worker shows to be the one that holds the lease. */
  readonly leaseToken: number;
  /** The attempt's number, from 1. */
  readonly number: number;
  /** How many attempts of this round of the schedule there were before. */
  readonly tries: number;
  readonly webhookId: string;
  readonly revision: number;
  readonly event: Outgoing;
  readonly dueSince: Date;
  /** Whether it shows if the endpoint, which failed, is well again. */
  readonly isOnTrial: boolean;
}

export interface DeliveryClaim {
  readonly deliveries: readonly ClaimedDelivery[];
  /** Where there are none: when to look again, in milliseconds; absent where nothing is pending. */
  readonly nextAt: number | undefined;
}

/** An attempt that is over, and what follows from it. */
export interface RecordedAttempt {
  readonly delivery: ClaimedDelivery;
  readonly result: AttemptResult;
  /** Null: it stays pending. */
  readonly outcome: DeliveryOutcome | null;
  /** Milliseconds; absent where there is none. */
  readonly nextAttemptAt: number | undefined;
  /** Whether it is one of those of the schedule: one that Otklik broke off itself is not. */
  readonly counts: boolean;
  /** Whether it says that the endpoint as a whole is down. */
  readonly isFailure: boolean;
  /** Until when the endpoint asks to be left alone, in milliseconds. */
  readonly pauseUntil: number | undefined;
}

/** How an endpoint does after attempts to which none was a success. */
export interface FailingEndpoint {
  readonly webhookId: string;
  readonly failingSince: Date;
}

export interface Recorded {
  readonly failing: readonly FailingEndpoint[];
  /** How many deliveries waited for one of these, and are due now. */
  readonly released: number;
}

interface ClaimRow {
  readonly id: string | null;
  readonly lease_token: number;
  readonly attempts: number;
  readonly tries: number;
  readonly webhook_id: string;
  readonly revision: number;
  readonly event_id: string;
  readonly event_type: string;
  readonly occurred_at: Date;
  readonly data: string;
  readonly trace_id: string | null;
  readonly due_since: Date;
  readonly on_trial: boolean;
  readonly next_at: Date | null;
}

interface RecordRow {
  readonly webhook_id: string | null;
  readonly failing_since: Date;
  readonly released: number;
}

/** The way of the dispatcher to the deliveries: claim, and record; each is one transaction. */
@Injectable()
export class DeliveryQueue {
  private readonly settings: Config['webhooks'];

  constructor(
    private readonly routines: RoutineCalls,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.webhooks;
  }

  /**
   * Claims what is due, to each endpoint its share; what other workers claim at this moment is passed over.
   *
   * @param capacity how many at most
   * @param room how many more of an endpoint, where it is another number than WEBHOOK_ENDPOINT_CONCURRENCY
   */
  async claim(
    now: number,
    capacity: number,
    endpointMost: number,
    room: ReadonlyMap<string, number>,
  ): Promise<DeliveryClaim> {
    const { timeout, leaseMargin, breakerFailures } = this.settings;
    const rows = await this.routines.call<ClaimRow>(CLAIM_DELIVERIES_ROUTINE, [
      new Date(now),
      new Date(now + timeout + leaseMargin),
      capacity,
      endpointMost,
      [...room.keys()],
      [...room.values()],
      breakerFailures,
    ]);
    return {
      deliveries: rows.flatMap((row) => (row.id === null ? [] : [claimed(row, row.id)])),
      nextAt: rows.find(({ id }) => id === null)?.next_at?.getTime(),
    };
  }

  /** Records attempts; once it is done, they are never made again. */
  async record(attempts: readonly RecordedAttempt[], now: number): Promise<Recorded> {
    const { breakerFailures, breakerPause, retrySchedule } = this.settings;
    const rows = await this.routines.call<RecordRow>(RECORD_ATTEMPTS_ROUTINE, [
      JSON.stringify(attempts.map(toItem)),
      new Date(now),
      breakerFailures,
      `${Math.min(retrySchedule[0] ?? breakerPause, breakerPause)} milliseconds`,
      `${breakerPause} milliseconds`,
    ]);
    return {
      failing: rows.flatMap(({ webhook_id: webhookId, failing_since: failingSince }) =>
        webhookId === null ? [] : [{ webhookId, failingSince }],
      ),
      released: rows.find((row) => row.webhook_id === null)?.released ?? 0,
    };
  }
}

function claimed(row: ClaimRow, id: string): ClaimedDelivery {
  return {
    id,
    leaseToken: row.lease_token,
    number: row.attempts + 1,
    tries: row.tries,
    webhookId: row.webhook_id,
    revision: row.revision,
    event: {
      eventId: row.event_id,
      eventType: row.event_type,
      occurredAt: row.occurred_at,
      data: row.data,
      traceId: row.trace_id,
    },
    dueSince: row.due_since,
    isOnTrial: row.on_trial,
  };
}

function toItem({
  delivery,
  result,
  outcome,
  nextAttemptAt,
  counts,
  isFailure,
  pauseUntil,
}: RecordedAttempt) {
  return {
    delivery_id: delivery.id,
    lease_token: delivery.leaseToken,
    webhook_id: delivery.webhookId,
    number: delivery.number,
    counts,
    outcome,
    is_failure: isFailure,
    on_trial: delivery.isOnTrial,
    next_attempt_at: iso(nextAttemptAt),
    pause_until: iso(pauseUntil),
    started_at: iso(result.startedAt),
    duration_ms: Math.round(result.duration),
    address: result.address,
    request_headers: result.requestHeaders,
    status: result.status,
    response_headers: result.responseHeaders,
    body_excerpt: result.bodyExcerpt,
    error_class: result.errorClass,
    error: result.error,
  };
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
