import { fourDigits, median, percentile } from '../statistics.js';
import type { Medians } from './goals.js';
import type { Measurement } from './plan.js';

/** How fast so many that were overdue were done. */
export interface Throughput {
  readonly perSecond: number;
  readonly milliseconds: number;
  readonly count: number;
}

/** How late so many were begun, in milliseconds. */
export interface Lateness {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
  /** Messages that were taken in at the same time. */
  readonly messagesPerSecond?: number;
}

export type Figures = Throughput | Lateness;

/** A measurement with the figures of all rounds, in their order. */
export interface Measured extends Measurement {
  readonly rounds: readonly Figures[];
}

export function throughputOf(count: number, milliseconds: number): Throughput {
  return {
    perSecond: fourDigits((count / milliseconds) * 1000),
    milliseconds: fourDigits(milliseconds),
    count,
  };
}

export function latenessOf(late: readonly number[], messagesPerSecond?: number): Lateness {
  return {
    p50: fourDigits(percentile(late, 0.5)),
    p99: fourDigits(percentile(late, 0.99)),
    max: fourDigits(percentile(late, 1)),
    count: late.length,
    ...(messagesPerSecond === undefined ? {} : { messagesPerSecond: fourDigits(messagesPerSecond) }),
  };
}

export function mediansOf(rounds: readonly Figures[]): Medians {
  const of = (values: readonly number[]): number => fourDigits(median(values));
  const rates = rounds.filter((figures) => 'perSecond' in figures);
  if (rates.length > 0) return { perSecond: of(rates.map(({ perSecond }) => perSecond)) };
  const late = rounds.filter((figures) => 'p50' in figures);
  return {
    p50: of(late.map(({ p50 }) => p50)),
    p99: of(late.map(({ p99 }) => p99)),
    max: of(late.map(({ max }) => max)),
  };
}
