import { isStorable } from './message-content.js';

/** The largest metadata, in bytes of UTF-8 JSON. */
export const METADATA_BYTES = 8 * 1024;

/** How deep metadata may nest: far beyond what anyone needs, far below what would exhaust a parser's stack. */
const METADATA_DEPTH = 32;

/** Why metadata cannot be stored as it is, or `undefined` where it can. */
export function metadataFault(metadata: Record<string, unknown>): string | undefined {
  const json = JSON.stringify(metadata);
  if (json === '{}') return undefined;
  const bytes = Buffer.byteLength(json);
  if (bytes > METADATA_BYTES) return `must be at most ${METADATA_BYTES} bytes of JSON; it has ${bytes}`;
  return faultWithin(metadata, 1);
}

function faultWithin(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') {
    return isStorable(value) ? undefined : 'has text with a NUL character or half of a surrogate pair';
  }
  // JSON.parse makes Infinity of 1e999, and JSON.stringify null of that: it would be lost in silence.
  if (typeof value === 'number' && !Number.isFinite(value))
    return 'has a number that is too large to be kept';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > METADATA_DEPTH) return `must not nest deeper than ${METADATA_DEPTH} levels`;
  for (const [key, child] of Object.entries(value)) {
    const fault = faultWithin(key, depth) ?? faultWithin(child, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}
