/** The benchmark cannot run like this; the message is for the person who started it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws {UsageError} */
export function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new UsageError(`--${name} takes a whole number from 1 to ${max}, not "${text}".`);
}

/**
 * Reads `--only`: some of those that are known, in the order in which they are known.
 *
 * @throws {UsageError}
 */
export function chosenOf<Name extends string>(known: readonly Name[], list: string | undefined): Name[] {
  const wanted = list?.split(',').map((name) => name.trim()) ?? known;
  const unknown = wanted.filter((name) => !known.some((one) => one === name));
  if (unknown.length > 0)
    throw new UsageError(`--only knows ${known.join(', ')}, not "${unknown.join(', ')}".`);
  return known.filter((name) => wanted.includes(name));
}
