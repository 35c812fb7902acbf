import { randomBytes } from 'node:crypto';
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** The trace that the next root span shall belong to: between one line and the next, never longer. */
let wanted: string | undefined;

/** Makes identifiers as OpenTelemetry's own do, but can begin a span in a trace that is known by its id alone. */
export const TRACE_IDS = {
  generateTraceId: (): string => wanted ?? randomBytes(16).toString('hex'),
  generateSpanId: (): string => randomBytes(8).toString('hex'),
};

/** The trace that OpenTelemetry puts the present request in; undefined where tracing is off. */
export function activeTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/**
 * Begins the span of an attempt in the trace of what it tells of, which may have ended long ago.
 *
 * @returns undefined where tracing is off
 */
export function startAttempt(traceId: string | null, attributes: Record<string, string>): Span | undefined {
  wanted = traceId ?? undefined;
  try {
    const options = { kind: SpanKind.CLIENT, root: true, attributes };
    const span = trace.getTracer('otklik').startSpan('webhook attempt', options, ROOT_CONTEXT);
    return span.isRecording() ? span : undefined;
  } finally {
    wanted = undefined;
  }
}

/** Ends the span of an attempt with what came of it. */
export function endAttempt(
  span: Span | undefined,
  { status, errorClass }: { status: number | null; errorClass: string | null },
): void {
  if (span === undefined) return;
  if (status !== null) span.setAttribute('http.response.status_code', status);
  if (errorClass !== null) {
    span.setAttribute('error.type', errorClass);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
