import { STATUS_CODES } from 'node:http';
import type { AttemptResult } from './attempt-result.js';
import type { Failure } from './network-failure.js';

/** A location may be as long as all headers may be; a sentence may not. */
const LONGEST_LOCATION = 500;

/** What a complete answer means where it is no success. */
export function statusFailure(status: number, location: string | undefined): Failure | null {
  if (isSuccess(status)) return null;
  const answered = `The endpoint answered ${[status, STATUS_CODES[status]].join(' ').trim()}`;
  if (status < 400) {
    const where = location === undefined ? '' : ` (to ${location.slice(0, LONGEST_LOCATION)})`;
    const error = `${answered}${where}. Redirects are not followed: the endpoint needs the final URL.`;
    return { errorClass: 'redirect', error };
  }
  const error = status === 410 ? `${answered}: it wants no more events.` : `${answered}.`;
  return { errorClass: 'http_status', error };
}

/** 408 and 425 ask to come again, 429 and 5xx say that another time may be better; other answers stay as they are. */
export function verdictOf(status: number): AttemptResult['verdict'] {
  if (isSuccess(status)) return 'delivered';
  if (status === 410) return 'gone';
  return status >= 500 || status === 408 || status === 425 || status === 429 ? 'retry' : 'final';
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
