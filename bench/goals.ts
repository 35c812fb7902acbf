import type { Workload } from './message-request.js';
import { fourDigits } from './statistics.js';
import type { PageKind } from './stored/pages.js';
import { SMALL } from './stored/shape.js';
import { wholes } from './table.js';

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
  readonly bound: number;
  readonly isUpperBound: boolean;
  /** Undefined where something was not measured; a goal of reading is asked with "reading" alone. */
  readonly value: (all: MediansById, column: Column) => number | undefined;
  readonly isReading: boolean;
}

type Column = Workload | 'reading';

export interface GoalResult {
  readonly title: string;
  readonly goal: string;
  /** With a new client for every message: the hardest. Undefined where it was not measured. */
  readonly new: number | undefined;
  /** With 10,000 clients, as in the comparisons. */
  readonly returning: number | undefined;
  /** Of a goal that is about reading, which has no value with the other two. */
  readonly reading: number | undefined;
  /** "yes": with both workloads; "returning": only with returning clients. Undefined where nothing can be said. */
  readonly met: 'yes' | 'returning' | 'no' | undefined;
}

type Value = Goal['value'];

/** @param ids the measurement of ours and the one it is held against; `*` stands for the workload */
function ratio(figure: keyof Medians, ...ids: [ours: string, other: string]): Value {
  return (all, column) => {
    const [ours, other] = ids.map((id) => all.get(id.replace('*', column)));
    return ours && other && ours[figure] / other[figure];
  };
}

function atLeast(title: string, bound: number, value: Value): Goal {
  return { title, bound, isUpperBound: false, isReading: false, value };
}

function atMost(title: string, bound: number, value: Value): Goal {
  return { title, bound, isUpperBound: true, isReading: false, value };
}

/** @param stored messages in the full database */
function goalsWith(stored: number): readonly Goal[] {
  const full = `at ${wholes(stored)} messages / at ${wholes(SMALL)}`;
  const reading = (title: string, page: PageKind): Goal => ({
    ...atMost(
      `p99 of a page of ${title} ${full}`,
      1.5,
      ratio('p99', `ours-stored-${page}@10`, `ours-${page}@10`),
    ),
    isReading: true,
  });
  return [
    atLeast('ours at 50 / Fastify + function at 50', 1.5, ratio('perSecond', 'ours-*@50', 'fastify@50')),
    atLeast('ours at 50 / Nest + save() at 50', 8, ratio('perSecond', 'ours-*@50', 'nest-save@50')),
    atLeast('ours at 50 / pgbench at 32, the floor', 0.6, ratio('perSecond', 'ours-*@50', 'pgbench@32')),
    atMost('p99 of ours at 50, ms', 12, (all, column) => all.get(`ours-${column}@50`)?.p99),
    atLeast('ours at 1 / Fastify + function at 1', 0.7, ratio('perSecond', 'ours-*@1', 'fastify@1')),
    atLeast(`ours at 50, ${full}`, 0.9, ratio('perSecond', 'ours-stored-*@50', 'ours-*@50')),
    reading('history', 'history'),
    reading('the escalation queue', 'queue'),
  ];
}

/** Holds the medians against the goals. */
export function judge(medians: MediansById, stored: number): GoalResult[] {
  return goalsWith(stored).map(({ title, bound, isUpperBound, isReading, value }) => {
    const valueIn = (column: Column): number | undefined => {
      const found = isReading === (column === 'reading') ? value(medians, column) : undefined;
      return found === undefined ? undefined : fourDigits(found);
    };
    const values = { new: valueIn('new'), returning: valueIn('returning'), reading: valueIn('reading') };
    const reaches = (found: number): boolean => (isUpperBound ? found <= bound : found >= bound);
    return { title, goal: `${isUpperBound ? '≤' : '≥'} ${bound}`, ...values, met: metBy(values, reaches) };
  });
}

function metBy(values: Pick<GoalResult, Column>, reaches: (value: number) => boolean): GoalResult['met'] {
  if (values.reading !== undefined) return reaches(values.reading) ? 'yes' : 'no';
  if (values.new === undefined || values.returning === undefined) return undefined;
  if (!reaches(values.returning)) return 'no';
  return reaches(values.new) ? 'yes' : 'returning';
}
