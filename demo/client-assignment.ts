import { createHash } from 'node:crypto';

const MESSAGES_PER_CLIENT = 3;
const MAX_CLIENT_ID_LENGTH = 128;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * A client for a message whose CSV does not say who wrote it: as many clients as make three messages each
 * on average, scattered over the file as real ones are, and the same on every run.
 */
export function inventClientId(row: number, messageCount: number): string {
  const clients = Math.max(1, Math.ceil(messageCount / MESSAGES_PER_CLIENT));
  return `demo-client-${(digest(`row ${row}`).readUInt32BE(0) % clients) + 1}`;
}

/**
 * A client id that the API takes (1–128 of `A–Z a–z 0–9 . _ : @ + -`) for whatever a CSV calls its clients.
 * A changed name carries a digest of the original, so two people never become one.
 */
export function toClientId(name: string): string {
  const trimmed = name.trim();
  if (/^[A-Za-z0-9._:@+-]{1,128}$/.test(trimmed)) return trimmed;
  const suffix = digest(trimmed).toString('hex').slice(0, 10);
  const readable = trimmed
    .replace(/[^A-Za-z0-9._:@+-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_CLIENT_ID_LENGTH - suffix.length - 1);
  return `${readable === '' ? 'client' : readable}-${suffix}`;
}
