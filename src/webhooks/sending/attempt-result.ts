/** Why an attempt was no success. */
export const ERROR_CLASSES = [
  'address_refused',
  'secret_unreadable',
  'endpoint_disabled',
  'dns',
  'connection_refused',
  'connection_reset',
  'timeout',
  'tls',
  'redirect',
  'http_status',
  'invalid_answer',
  'aborted',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** What there is to send: the event as it is stored. */
export interface Outgoing {
  /** The event's id, the same on every attempt: `webhook-id`. */
  readonly eventId: string;
  readonly eventType: string;
  readonly occurredAt: Date;
  /** JSON, exactly as it is stored. */
  readonly data: string;
  readonly traceId: string | null;
}

/** What a worker needs to know of an endpoint. */
export interface Target {
  readonly webhookId: string;
  readonly revision: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Those that sign now, the present one first; as `whsec_…`. */
  readonly secrets: readonly string[];
}

/** One HTTP request, and what came of it. */
export interface AttemptResult {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  /** The IP address that was connected to; null where there was no connection. */
  readonly address: string | null;
  /** As they were sent, secrets masked. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly status: number | null;
  readonly responseHeaders: Readonly<Record<string, string | string[]>> | null;
  readonly bodyExcerpt: string | null;
  /** delivered: 2xx. retry: another attempt may succeed. final: none will. gone: 410. */
  readonly verdict: 'delivered' | 'retry' | 'final' | 'gone';
  readonly errorClass: ErrorClass | null;
  /** A sentence for people; null where it was delivered. */
  readonly error: string | null;
  /** For how long the endpoint asks to be left alone, in milliseconds, within limits; null: it did not say. */
  readonly retryAfter: number | null;
  /** Whether the endpoint as a whole wants fewer requests: 429 or 503. */
  readonly isOverloaded: boolean;
}
