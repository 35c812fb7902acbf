import { fourDigits } from '../statistics.js';

/** Medians of all rounds; a measurement has those of its kind. */
export interface Medians {
  readonly perSecond?: number;
  /** Milliseconds, like those below. */
  readonly p50?: number;
  readonly p99?: number;
  readonly max?: number;
}

type MediansById = ReadonlyMap<string, Medians>;

/** A goal of docs/performance. */
interface Goal {
  readonly title: string;
  readonly bound: number;
  readonly isUpperBound: boolean;
  /** Undefined where something was not measured. */
  readonly value: (all: MediansById) => number | undefined;
}

export interface GoalResult {
  readonly title: string;
  readonly goal: string;
  readonly value: number | undefined;
  /** Undefined where nothing can be said. */
  readonly met: 'yes' | 'no' | undefined;
}

function rate(all: MediansById, contender: string): number | undefined {
  return all.get(`${contender}@throughput`)?.perSecond;
}

/** @param others all of them have to be measured; the fastest is what ours is held against */
function ratioToBest(...others: readonly string[]): Goal['value'] {
  return (all) => {
    const ours = rate(all, 'ours');
    const rates = others.map((contender) => rate(all, contender) ?? Number.NaN);
    const best = Math.max(...rates);
    return ours === undefined || Number.isNaN(best) ? undefined : ours / best;
  };
}

const GOALS: readonly Goal[] = [
  {
    title: 'ours / pgbench with the same functions, the floor',
    bound: 0.8,
    isUpperBound: false,
    value: ratioToBest('pgbench'),
  },
  {
    title: "ours / graphile-worker's best, with trivial jobs",
    bound: 1,
    isUpperBound: false,
    value: ratioToBest('graphile', 'graphile-local'),
  },
  {
    title: 'p99 of lateness at 200/s with ingest saturated, ms',
    bound: 5,
    isUpperBound: true,
    value: (all) => all.get('ours@steady-ingest')?.p99,
  },
  {
    title: 'the last of those that are due at once, ms',
    bound: 250,
    isUpperBound: true,
    value: (all) => all.get('ours@at-once')?.max,
  },
];

/** Holds the medians against the goals. */
export function judge(medians: MediansById): GoalResult[] {
  return GOALS.map(({ title, bound, isUpperBound, value }) => {
    const found = value(medians);
    const rounded = found === undefined ? undefined : fourDigits(found);
    const goal = `${isUpperBound ? '≤' : '≥'} ${bound}`;
    if (rounded === undefined) return { title, goal, value: undefined, met: undefined };
    const isMet = isUpperBound ? rounded <= bound : rounded >= bound;
    return { title, goal, value: rounded, met: isMet ? 'yes' : 'no' };
  });
}
