/** What of a batch of events can be told. */
export interface Tellable {
  /** So many, from the beginning of the batch. */
  readonly count: number;
  /** Up to here everything is told then, or will never come. */
  readonly head: number;
  /** The number before which it stops, for that event may be committed later. */
  readonly missing: number | undefined;
}

/**
 * How far events can be told without passing a number whose fate is open.
 *
 * @param positions of a batch, growing
 * @param head up to where all was told before
 * @param decided what is missing up to here will never come
 * @param isRest whether the batch has all there are
 */
export function tellable(
  positions: readonly number[],
  head: number,
  decided: number,
  isRest: boolean,
): Tellable {
  const base = Math.max(head, decided);
  let told = head;
  let count = 0;
  for (const position of positions) {
    const next = Math.max(base, told) + 1;
    if (position > next) return { count, head: next - 1, missing: next };
    told = position;
    count++;
  }
  return { count, head: isRest ? Math.max(base, told) : told, missing: undefined };
}
