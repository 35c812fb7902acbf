import type { IncomingHttpHeaders } from 'node:http';

/** The longest that a request is held, in seconds. */
const LONGEST_WAIT = 30;

/**
 * How long the caller would have its answer held back for a reply, in milliseconds; 0 where it did not ask. A
 * preference that cannot be understood counts as absent, as the RFC wants it; a longer wait is cut to 30 s.
 *
 * @see RFC 7240, 4.3
 */
export function preferredWait(headers: IncomingHttpHeaders): number {
  const [, seconds] =
    /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=$|[,;\s])/i.exec(String(headers.prefer ?? '')) ?? [];
  return Math.min(Number(seconds ?? 0), LONGEST_WAIT) * 1000;
}
