import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
/** What we make: as many bytes as SHA-256 gives. */
const SECRET_BYTES = 32;
/** What Standard Webhooks allows. */
const [MIN_BYTES, MAX_BYTES] = [24, 64];

/** A new secret of an endpoint: `whsec_` and 32 random bytes in base64. */
export function newSecret(random: (size: number) => Buffer = randomBytes): string {
  return PREFIX + random(SECRET_BYTES).toString('base64');
}

/**
 * The key that a secret stands for.
 *
 * @throws Error where it is not `whsec_` and the base64 of 24 to 64 bytes; the message does not contain it
 */
export function signingKey(secret: string): KeyObject {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const bytes = Buffer.from(encoded, 'base64');
  // Node reads over whatever is not base64; what it wrote back would then differ.
  if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES || bytes.toString('base64') !== encoded) {
    throw new Error(
      `A webhook's secret must be ${PREFIX} and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes.`,
    );
  }
  return createSecretKey(bytes);
}
