import { hash } from 'node:crypto';

/** How many hexadecimal digits tell one URL from another: nobody can find a token by them. */
const DIGITS = 8;

/**
 * The URL of an endpoint for those who may know that it changed, but not what it opens: many services put a token into
 * the path or the query. Two of the same host differ where the URLs do.
 */
export function traceableUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return pathname === '/' && search === ''
    ? `${origin}/`
    : `${origin}/***#${hash('sha256', url).slice(0, DIGITS)}`;
}
