import type { Attempt } from './attempt.entity.js';
import type { AttemptView } from './attempt.schemas.js';
import type { AttemptResult, ErrorClass } from './sending/attempt-result.js';

/** An attempt as the API shows it. */
export function attemptView(attempt: Omit<Attempt, 'deliveryId'>): AttemptView {
  return {
    number: attempt.number,
    startedAt: attempt.startedAt.toISOString(),
    durationMs: attempt.durationMs,
    address: attempt.address,
    requestHeaders: attempt.requestHeaders,
    status: attempt.status,
    responseHeaders: attempt.responseHeaders,
    bodyExcerpt: attempt.bodyExcerpt,
    // Only those that there are were ever stored.
    errorClass: attempt.errorClass as ErrorClass | null,
    error: attempt.error,
  };
}

/** What came of a request, as it is kept with its delivery. */
export function attemptOf(deliveryId: string, number: number, result: AttemptResult): Attempt {
  return {
    deliveryId,
    number,
    startedAt: new Date(result.startedAt),
    durationMs: Math.round(result.duration),
    address: result.address,
    requestHeaders: { ...result.requestHeaders },
    status: result.status,
    responseHeaders: result.responseHeaders && { ...result.responseHeaders },
    bodyExcerpt: result.bodyExcerpt,
    errorClass: result.errorClass,
    error: result.error,
  };
}
