import { latenessOf, throughputOf } from '../reminders/figures.js';
import { fourDigits, median } from '../statistics.js';
import type { Medians } from './goals.js';
import type { Measurement } from './plan.js';

/** How fast so many deliveries were made. */
export interface Throughput {
  readonly perSecond: number;
  readonly milliseconds: number;
  readonly count: number;
  /** SQL statements of the worker, for one delivery; undefined where there is no SQL or nobody counted. */
  readonly statements?: number;
  /** Requests that the slow endpoint got meanwhile. */
  readonly slow?: number;
  /** Of the worker, when all was delivered. */
  readonly memoryMb?: number;
}

/** Milliseconds until so many events arrived. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
  readonly eventsPerSecond: number;
}

export type Figures = Throughput | Latency;

/** A measurement with the figures of all rounds, in their order. */
export interface Measured extends Measurement {
  readonly rounds: readonly Figures[];
}

/** How it was with so many deliveries that were due. */
export interface Drained {
  readonly milliseconds: number;
  readonly count: number;
  /** SQL statements of the worker, those included that found nothing to do. */
  readonly statements?: number;
  readonly slow?: number;
  /** Of the worker, when all was delivered. */
  readonly memoryMb?: number;
}

export function throughputFigures({ milliseconds, count, statements, slow, memoryMb }: Drained): Throughput {
  return {
    ...throughputOf(count, milliseconds),
    ...(statements === undefined ? {} : { statements: fourDigits(statements / count) }),
    ...(slow === undefined ? {} : { slow }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
  };
}

/** @param milliseconds of each delivery */
export function latencyFigures(milliseconds: readonly number[], eventsPerSecond: number): Latency {
  return { ...latenessOf(milliseconds), eventsPerSecond: fourDigits(eventsPerSecond) };
}

export function mediansOf(rounds: readonly Figures[]): Medians {
  const of = (values: readonly number[]): number => fourDigits(median(values));
  const rates = rounds.filter((figures) => 'perSecond' in figures);
  if (rates.length > 0) {
    const statements = rates.flatMap((rate) => rate.statements ?? []);
    const memory = rates.flatMap((rate) => rate.memoryMb ?? []);
    return {
      perSecond: of(rates.map(({ perSecond }) => perSecond)),
      ...(statements.length > 0 ? { statements: of(statements) } : {}),
      ...(memory.length > 0 ? { memoryMb: of(memory) } : {}),
    };
  }
  const latencies = rounds.filter((figures) => 'p50' in figures);
  return {
    p50: of(latencies.map(({ p50 }) => p50)),
    p99: of(latencies.map(({ p99 }) => p99)),
    max: of(latencies.map(({ max }) => max)),
  };
}
