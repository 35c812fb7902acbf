import type { ContenderName } from './options.js';

/**
 * What is measured: how fast what is overdue is done, how late what comes due is begun, at 200 a second or all at the
 * same instant.
 */
export type Kind = 'throughput' | 'steady' | 'steady-ingest' | 'at-once';

/** One thing that is measured in each round. */
export interface Measurement {
  /** What the goals and the published JSON call it. */
  readonly id: string;
  readonly title: string;
  readonly contender: ContenderName;
  readonly kind: Kind;
}

/** That come due in a second. */
export const RATE = 200;

const TITLES: Readonly<Record<ContenderName, string>> = {
  pgbench: 'pgbench, the same functions: the floor',
  ours: 'Otklik',
  graphile: 'graphile-worker, trivial jobs',
  'graphile-local': 'graphile-worker, local queue of 500, trivial jobs',
  'pg-boss': 'pg-boss, trivial jobs',
  bare: 'claim and complete in a loop, nothing else',
};

function one(contender: ContenderName, kind: Kind, more = ''): Measurement {
  return { id: `${contender}@${kind}`, title: TITLES[contender] + more, contender, kind };
}

/** Rounds of throughput come first, then rounds of lateness: what is compared stands close together. */
export const THROUGHPUT: readonly Measurement[] = [
  one('pgbench', 'throughput'),
  one('ours', 'throughput'),
  one('graphile', 'throughput'),
  one('graphile-local', 'throughput'),
  one('pg-boss', 'throughput'),
  one('bare', 'throughput'),
];

export const LATENESS: readonly Measurement[] = [
  one('ours', 'steady'),
  one('graphile', 'steady'),
  one('pg-boss', 'steady'),
  one('ours', 'at-once', ', all due at once'),
  one('ours', 'steady-ingest', ', ingest saturated'),
];

/**
 * When reminders come due, in milliseconds after the first: each at random within the seconds, as clients write.
 *
 * @param random a number from 0 up to 1
 */
export function steadyOffsets(seconds: number, random: () => number): number[] {
  return Array.from({ length: RATE * seconds }, () => Math.floor(random() * seconds * 1000)).sort(
    (a, b) => a - b,
  );
}
