import { hash } from 'node:crypto';
import { canonicalJson } from '../json/canonical-json.js';

/**
 * What tells a request from another one with its idempotency key: the same for the same validated body, in whatever
 * order its JSON names the members of an object.
 */
export function requestHash(request: object): string {
  return hash('sha256', canonicalJson(request), 'base64url');
}
