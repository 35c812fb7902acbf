import { randomBytes } from 'node:crypto';

/** A new API key: 256 random bits, with a prefix by which scanners of leaked secrets can know it. */
export function newApiKey(): string {
  return `otk_${randomBytes(32).toString('base64url')}`;
}
