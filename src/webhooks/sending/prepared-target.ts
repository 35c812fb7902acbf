import { randomUUID } from 'node:crypto';
import { webhookBody } from '../signing/webhook-body.js';
import { signingKey } from '../signing/webhook-secret.js';
import { webhookSignature } from '../signing/webhook-signature.js';
import type { Outgoing, Target } from './attempt-result.js';
import { isReservedHeader, MASK, maskHeader } from './request-headers.js';

const TRACE_ID = /^[0-9a-f]{32}$/;

/** One request, ready to be written. */
export interface PreparedRequest {
  readonly body: Buffer;
  /** Names and values in turns, as undici takes them with the least work. */
  readonly headers: string[];
  /** All that is sent, for the record. */
  readonly maskedHeaders: Record<string, string>;
}

/** What is the same for every request to an endpoint, worked out once. */
export class PreparedTarget {
  readonly url: URL;
  readonly origin: string;
  readonly path: string;
  private readonly keys: ReturnType<typeof signingKey>[];
  private readonly headers: readonly string[];
  private readonly masked: Readonly<Record<string, string>>;

  /** @throws Error where the URL or a secret is none */
  constructor(target: Target, userAgent: string) {
    this.url = new URL(target.url);
    this.origin = this.url.origin;
    this.path = this.url.pathname + this.url.search;
    this.keys = target.secrets.map(signingKey);
    const headers = new Map([['user-agent', userAgent]]);
    for (const [name, value] of Object.entries(target.headers)) {
      if (!isReservedHeader(name)) headers.set(name.toLowerCase(), value);
    }
    headers.set('content-type', 'application/json');
    this.headers = [...headers].flat();
    this.masked = {
      host: this.url.host,
      ...Object.fromEntries([...headers].map(([name, value]) => [name, maskHeader(name, value)])),
    };
  }

  /**
   * @param now milliseconds since 1970
   * @param spanId of the attempt, where traces are taken
   */
  request(outgoing: Outgoing, now: number, spanId?: string): PreparedRequest {
    const body = webhookBody(outgoing);
    const timestamp = Math.floor(now / 1000);
    const seconds = String(timestamp);
    const headers = this.headers.slice();
    headers.push(
      'webhook-id',
      outgoing.eventId,
      'webhook-timestamp',
      seconds,
      'webhook-signature',
      webhookSignature(outgoing.eventId, timestamp, body, this.keys),
    );
    const maskedHeaders: Record<string, string> = {
      ...this.masked,
      'content-length': String(body.length),
      'webhook-id': outgoing.eventId,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${MASK}`,
    };
    const traceparent = traceparentOf(outgoing.traceId, spanId);
    if (traceparent !== undefined) {
      headers.push('traceparent', traceparent);
      maskedHeaders.traceparent = traceparent;
    }
    return { body, headers, maskedHeaders };
  }
}

/**
 * The trace of the event, with a span of its own for this attempt.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
function traceparentOf(traceId: string | null, spanId: string | undefined): string | undefined {
  if (traceId === null || !TRACE_ID.test(traceId)) return undefined;
  if (spanId !== undefined) return `00-${traceId}-${spanId}-01`;
  // Sixteen of its digits that are all random; Node makes these faster than random bytes.
  const uuid = randomUUID();
  return `00-${traceId}-${uuid.slice(0, 8)}${uuid.slice(28)}-01`;
}
