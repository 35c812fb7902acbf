import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestContext } from '../logging/request-context.js';
import { activeTraceId } from '../telemetry/spans.js';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/;
const REQUEST_ID = /^[A-Za-z0-9._:@+-]{1,128}$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/**
 * The trace that a request belongs to: the caller's, where it sent one, else a new one. A malformed header
 * counts as absent. Where OpenTelemetry takes traces, it has read the header already.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceContext(headers: IncomingHttpHeaders): RequestContext {
  const traceId = activeTraceId() ?? traceIdOf(headers.traceparent) ?? randomUUID().replaceAll('-', '');
  const requestId = headers['x-request-id'];
  return {
    traceId,
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : traceId,
  };
}

function traceIdOf(traceparent: string | string[] | undefined): string | undefined {
  if (typeof traceparent !== 'string' || traceparent.startsWith('ff')) return undefined;
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent) ?? [];
  return traceId === NO_TRACE || spanId === NO_SPAN ? undefined : traceId;
}
