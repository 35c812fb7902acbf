/** One way to do what is due, started and ready, with a database of its own. */
export interface Contender {
  /** Clears away what the measurement before has left behind, so that the next does not pay for it. */
  tidyUp(): Promise<void>;
  /** Makes so many that are overdue already; nobody does them yet. */
  fill(due: number): Promise<void>;
  /**
   * Does what `fill` made.
   *
   * @returns milliseconds from the start until all of them are recorded as done
   * @throws when one was not done exactly once
   */
  drain(): Promise<number>;
  /**
   * Makes some that come due soon, each so many milliseconds after the first, and does them. A contender without it
   * is about throughput only.
   *
   * @returns milliseconds from when each was due until it was begun
   * @throws when one was not done exactly once
   */
  beOnTime?(offsets: readonly number[]): Promise<number[]>;
}

/** How long after `fill` the first of so many comes due: by then all of them must be in the database. */
export function leadTime(count: number): number {
  return 2000 + count / 5;
}

/** Milliseconds: a contender that needs longer for what is due has lost some of it. */
const PATIENCE = 120_000;
const LOOK_EVERY = 5;

/** @throws when something is not so after a long time */
export async function untilSo(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`After ${PATIENCE / 1000} s it is not so: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

/** What is due is due once: a job that was begun twice is as bad as one that was forgotten. */
export function assertOnce(numbers: readonly number[], expected: number): void {
  const different = new Set(numbers).size;
  if (numbers.length === expected && different === expected) return;
  throw new Error(`${expected} jobs were due, ${different} were begun, ${numbers.length} times in all.`);
}
