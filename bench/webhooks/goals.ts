import { fourDigits } from '../statistics.js';

/** Medians of all rounds; a measurement has those of its kind. */
export interface Medians {
  readonly perSecond?: number;
  /** SQL statements a delivery. */
  readonly statements?: number;
  /** Of the worker, in megabytes. */
  readonly memoryMb?: number;
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

function ratioToBare(id: string): Goal['value'] {
  return (all) => {
    const ours = all.get(id)?.perSecond;
    const bare = all.get('bare@throughput')?.perSecond;
    return ours === undefined || bare === undefined ? undefined : ours / bare;
  };
}

function p99(title: string, id: string): Goal {
  return { title, bound: 15, isUpperBound: true, value: (all) => all.get(id)?.p99 };
}

const GOALS: readonly Goal[] = [
  {
    title: 'ours with 1 endpoint / undici alone',
    bound: 0.75,
    isUpperBound: false,
    value: ratioToBare('ours@throughput'),
  },
  {
    title: 'ours with 100 endpoints / undici alone',
    bound: 0.75,
    isUpperBound: false,
    value: ratioToBare('ours@throughput-100'),
  },
  {
    title: 'SQL statements a delivery, 1 endpoint',
    bound: 0.1,
    isUpperBound: true,
    value: (all) => all.get('ours@throughput')?.statements,
  },
  {
    title: 'SQL statements a delivery, 100 endpoints',
    bound: 0.1,
    isUpperBound: true,
    value: (all) => all.get('ours@throughput-100')?.statements,
  },
  p99('p99 of commit to arrival, two processes, ms', 'ours@latency'),
  p99('the same with 100 endpoints, ms', 'ours@latency-100'),
  p99('p99 of commit to arrival, one process, ms', 'together@latency'),
  p99('the same with 100 endpoints, ms', 'together@latency-100'),
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
