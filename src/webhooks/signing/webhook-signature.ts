import { createHmac, type KeyObject } from 'node:crypto';

/**
 * The header `webhook-signature`: for each key, `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`,
 * separated by spaces.
 *
 * @param timestamp seconds since 1970, as in `webhook-timestamp`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookSignature(
  id: string,
  timestamp: number,
  body: string | Uint8Array,
  keys: readonly KeyObject[],
): string {
  let signatures = '';
  for (const key of keys) {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
    signatures += `${signatures === '' ? '' : ' '}v1,${hmac.digest('base64')}`;
  }
  return signatures;
}
