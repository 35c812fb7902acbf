import type { AttemptResult, ErrorClass } from './attempt-result.js';

/** The result where there was nothing to send or nowhere to send it; somebody can put that right, so it is tried again. */
export function notSent(startedAt: number, errorClass: ErrorClass, error: string): AttemptResult {
  return {
    startedAt,
    duration: 0,
    address: null,
    requestHeaders: {},
    status: null,
    responseHeaders: null,
    bodyExcerpt: null,
    verdict: 'retry',
    errorClass,
    error,
    retryAfter: null,
    isOverloaded: false,
  };
}
