import type { Workload } from './message-request.js';
import { fourDigits } from './statistics.js';

/** A median of all rounds. */
export interface Medians {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

type MediansById = ReadonlyMap<string, Medians>;

/** A goal of docs/performance: how many connections ours has, and what it is held against. */
interface Goal {
  readonly title: string;
  readonly connections: number;
  readonly bound: number;
  readonly isUpperBound: boolean;
  /** Undefined where the comparison was not measured. */
  readonly value: (ours: Medians, all: MediansById) => number | undefined;
}

export interface GoalResult {
  readonly title: string;
  readonly goal: string;
  /** With a new client for every message: the hardest. Undefined where it was not measured. */
  readonly new: number | undefined;
  /** With 10,000 clients, as in the comparisons. */
  readonly returning: number | undefined;
  /** "returning": only with returning clients. Undefined where nothing can be said. */
  readonly met: 'yes' | 'returning' | 'no' | undefined;
}

function ratioTo(id: string): Goal['value'] {
  return (ours, all) => {
    const other = all.get(id);
    return other && ours.perSecond / other.perSecond;
  };
}

function atLeast(title: string, connections: number, bound: number, value: Goal['value']): Goal {
  return { title, connections, bound, isUpperBound: false, value };
}

const GOALS: readonly Goal[] = [
  atLeast('ours at 50 / Fastify + function at 50', 50, 1.5, ratioTo('fastify@50')),
  atLeast('ours at 50 / Nest + save() at 50', 50, 8, ratioTo('nest-save@50')),
  atLeast('ours at 50 / pgbench at 32, the floor', 50, 0.6, ratioTo('pgbench@32')),
  {
    title: 'p99 of ours at 50, ms',
    connections: 50,
    bound: 12,
    isUpperBound: true,
    value: (ours) => ours.p99,
  },
  atLeast('ours at 1 / Fastify + function at 1', 1, 0.7, ratioTo('fastify@1')),
];

/** Holds the medians against the goals. */
export function judge(medians: MediansById): GoalResult[] {
  return GOALS.map((goal) => {
    const valueFor = (workload: Workload): number | undefined => {
      const ours = medians.get(`ours-${workload}@${goal.connections}`);
      const value = ours && goal.value(ours, medians);
      return value === undefined ? undefined : fourDigits(value);
    };
    const reaches = (value: number | undefined): boolean =>
      value !== undefined && (goal.isUpperBound ? value <= goal.bound : value >= goal.bound);
    const values = { new: valueFor('new'), returning: valueFor('returning') };
    const isKnown = values.new !== undefined && values.returning !== undefined;
    return {
      title: goal.title,
      goal: `${goal.isUpperBound ? '≤' : '≥'} ${goal.bound}`,
      ...values,
      met: isKnown
        ? reaches(values.new)
          ? 'yes'
          : reaches(values.returning)
            ? 'returning'
            : 'no'
        : undefined,
    };
  });
}
