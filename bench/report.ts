import type { GoalResult, Medians } from './goals.js';
import type { Figures } from './load.js';
import type { Machine } from './machine.js';
import type { Options } from './options.js';
import type { Measurement } from './plan.js';
import { fourDigits, median } from './statistics.js';
import type { Filled } from './stored/fill.js';
import { renderTable, wholes } from './table.js';

/** A measurement with the figures of all rounds, in their order. */
export interface Measured extends Measurement {
  readonly rounds: readonly Figures[];
}

export interface Report {
  readonly measuredAt: Date;
  readonly options: Options;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  /** What would make the figures better than they are entitled to be. */
  readonly missingGuarantees: readonly string[];
  /** What databases held before the first measurement; the others were empty. */
  readonly filled: Readonly<Record<string, Filled>>;
  /** Messages in each contender's table: what it held and what was accepted, or there would be no report. */
  readonly verified: Readonly<Record<string, number>>;
  readonly measured: readonly Measured[];
  readonly goals: readonly GoalResult[];
}

export function mediansOf(rounds: readonly Figures[]): Medians {
  const of = (figure: 'perSecond' | 'p50' | 'p99'): number =>
    fourDigits(median(rounds.map((r) => r[figure])));
  return { perSecond: of('perSecond'), p50: of('p50'), p99: of('p99') };
}

const MET = { yes: 'yes', returning: 'with 10,000 clients only', no: 'NO' } as const;

/** What a person reads in the end. */
export function renderReport(report: Report): string {
  const { options, machine, versions, missingGuarantees, filled } = report;
  const figures = report.measured.map(({ title, connections, rounds }) => {
    const { perSecond, p50, p99 } = mediansOf(rounds);
    const rates = rounds.map((round) => round.perSecond);
    const range = `${wholes(Math.min(...rates))}–${wholes(Math.max(...rates))}`;
    return [title, String(connections), wholes(perSecond), range, p50.toFixed(2), p99.toFixed(2)];
  });
  const goals = report.goals.map(({ title, goal, new: hardest, returning, reading, met }) => {
    const text = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(2));
    return [
      title,
      goal,
      text(hardest),
      text(returning),
      text(reading),
      met === undefined ? 'not measured' : MET[met],
    ];
  });
  const rounds = options.rounds === 1 ? 'one round' : `medians of ${options.rounds} rounds`;
  return [
    `Ingest, from request to commit: ${rounds} of ${options.seconds} s each`,
    `${machine.cores} × ${machine.cpu}, shared by load, server and database; ${machine.fileSystem}; ` +
      `Node ${versions.node}, PostgreSQL ${versions.postgresql}`,
    ...Object.entries(filled).map(
      ([name, { messages, megabytes, seconds }]) =>
        `${name} began with ${wholes(messages)} messages: ${wholes(megabytes)} MB, filled in ${wholes(seconds)} s`,
    ),
    ...missingGuarantees.map((fault) => `GUARANTEES TURNED OFF: ${fault}`),
    ...(options.isPartial ? ['A partial run: not for publication.'] : []),
    '',
    renderTable(['', 'connections', 'a second', 'lowest–highest', 'p50 ms', 'p99 ms'], figures),
    '',
    renderTable(['', 'goal', 'new clients', '10,000 clients', 'reading', 'met'], goals),
  ].join('\n');
}

/** What is published: every single figure, and all that one needs to judge it. */
export function toJson(report: Report): string {
  const { measured, options: run, measuredAt, ...rest } = report;
  const figures = measured.map(({ rounds, ...measurement }) => ({
    ...measurement,
    medians: mediansOf(rounds),
    rounds: rounds.map(roundFigures),
  }));
  const document = { benchmark: 'ingest', measuredAt: measuredAt.toISOString(), run, ...rest, figures };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function roundFigures({ loadCpu, ...figures }: Figures): Record<string, number> {
  const { perSecond, p50, p99, count, accepted } = figures;
  return {
    perSecond: fourDigits(perSecond),
    p50: fourDigits(p50),
    p99: fourDigits(p99),
    count,
    accepted,
    ...(loadCpu === undefined ? {} : { loadCpu: fourDigits(loadCpu) }),
  };
}
