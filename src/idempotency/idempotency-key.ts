import type { IncomingHttpHeaders } from 'node:http';
import { invalidInput } from '../errors/domain-error.js';

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

/** A string as structured header fields write it: in quotes, with `\"` and `\\` (RFC 9651, 3.3.3). */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The idempotency key of a request, from either of its two headers. The quoted form of the IETF draft and the
 * plain one are the same key.
 *
 * @throws DomainError where it is not 1 to 255 printable ASCII characters, or the headers disagree
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function idempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const plain = read(headers, 'x-idempotency-key');
  const draft = read(headers, 'idempotency-key');
  if (plain !== undefined && draft !== undefined && plain !== draft) {
    throw invalidInput([
      { path: 'Idempotency-Key', message: 'differs from X-Idempotency-Key; send one of them' },
    ]);
  }
  return plain ?? draft;
}

function read(
  headers: IncomingHttpHeaders,
  name: 'x-idempotency-key' | 'idempotency-key',
): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  const text = String(value).trim();
  const key = QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1') ?? text;
  if (PRINTABLE_ASCII.test(key)) return key;
  const path = name === 'idempotency-key' ? 'Idempotency-Key' : 'X-Idempotency-Key';
  throw invalidInput([{ path, message: 'must be 1 to 255 printable ASCII characters' }]);
}
