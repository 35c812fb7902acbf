/** How far a wait may be from what the schedule says, so that what failed together does not come back together. */
const JITTER = 0.2;

/**
 * How long to wait before the next attempt, in milliseconds.
 *
 * @param schedule the waits before the second and each further attempt, in milliseconds
 * @param tries how many attempts there were
 * @param random from 0 to 1
 * @returns undefined where the schedule is used up
 */
export function retryDelay(
  schedule: readonly number[],
  tries: number,
  random: () => number,
): number | undefined {
  const wait = schedule[tries - 1];
  return wait === undefined ? undefined : Math.round(wait * (1 - JITTER + 2 * JITTER * random()));
}
