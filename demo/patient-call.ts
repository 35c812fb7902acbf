import { readProblemDetail } from './answers.js';
import type { ApiAnswer, ApiRequest, CallApi } from './api-connections.js';
import { describeFault } from './demo-problem.js';

export interface CallPorts {
  readonly call: CallApi;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

export type PatientAnswer =
  | {
      readonly kind: 'answered';
      readonly answer: ApiAnswer;
      /** Of the last try alone. */
      readonly latencyMs: number;
      readonly retries: number;
    }
  | { readonly kind: 'gaveUp'; readonly fault: string; readonly retries: number };

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** How long one request waits in pauses, all told, before the server counts as gone. */
const PATIENCE_MS = 30_000;

/** RFC 9110: a number of seconds, or a date. Milliseconds from `wallClock`; 0 when there is none. */
export function retryAfterMs(header: string | undefined, wallClock: Date): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - wallClock.getTime());
}

/** Repeats the very same request after a lost connection, a 429 or a 503, until the server has decided. */
export async function callPatiently(
  request: ApiRequest,
  ports: CallPorts,
  signal?: AbortSignal,
): Promise<PatientAnswer> {
  let waited = 0;
  for (let retries = 0; ; retries += 1) {
    const started = ports.now();
    let askedToWait = 0;
    let fault: string;
    try {
      const answer = await ports.call(request);
      if (answer.status !== 429 && answer.status !== 503) {
        return { kind: 'answered', answer, latencyMs: ports.now() - started, retries };
      }
      askedToWait = retryAfterMs(answer.headers['retry-after'], new Date());
      fault = readProblemDetail(answer.status, answer.body);
    } catch (error) {
      fault = `no answer: ${describeFault(error)}`;
    }
    const pause = Math.max(askedToWait, Math.min(FIRST_PAUSE_MS * 2 ** retries, LONGEST_PAUSE_MS));
    waited += pause;
    if (waited > PATIENCE_MS || signal?.aborted) return { kind: 'gaveUp', fault, retries };
    await ports.pause(pause);
  }
}
