/** How many hexadecimal digits of a UUID of version 7 tell its time (RFC 9562, 5.7). */
const TIME_DIGITS = 12;

/**
 * Before every UUID of version 7 that was made then or later, behind every one that was made earlier: so a range of
 * times is a range of ids.
 *
 * @param at milliseconds since 1970
 */
export function firstIdOf(at: number): string {
  const digits = Math.max(0, at).toString(16).padStart(TIME_DIGITS, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}

/** When a UUID of version 7 was made, in milliseconds since 1970. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, TIME_DIGITS), 16);
}
