import type { Machine } from '../machine.js';
import { renderTable, wholes } from '../table.js';
import { type Measured, mediansOf } from './figures.js';
import type { GoalResult } from './goals.js';
import type { Options } from './options.js';

export interface Report {
  readonly measuredAt: Date;
  readonly options: Options;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, object>>;
  /** What would make the figures better than they are entitled to be. */
  readonly missingGuarantees: readonly string[];
  readonly measured: readonly Measured[];
  readonly goals: readonly GoalResult[];
}

/** What a person reads in the end. */
export function renderReport(report: Report): string {
  const { options, machine, versions, missingGuarantees, measured } = report;
  const rounds = options.rounds === 1 ? 'one round' : `medians of ${options.rounds} rounds`;
  const goals = report.goals.map(({ title, goal, value, met }) => [
    title,
    goal,
    value === undefined ? '–' : String(value),
    met === undefined ? 'not measured' : met === 'yes' ? 'yes' : 'NO',
  ]);
  return [
    `Webhooks, each signed, recorded and arrived once: ${rounds}`,
    `${machine.cores} × ${machine.cpu}, shared by sender, receiver and database; ${machine.fileSystem}; ` +
      `Node ${versions.node}, PostgreSQL ${versions.postgresql}`,
    ...missingGuarantees.map((fault) => `GUARANTEES TURNED OFF: ${fault}`),
    ...(options.isPartial ? ['A partial run: not for publication.'] : []),
    '',
    renderTable(
      [
        `${wholes(options.deliveries)} deliveries`,
        'a second',
        'lowest–highest',
        'SQL statements each',
        'worker, MB',
      ],
      measured.flatMap(throughputRow),
    ),
    '',
    renderTable(
      [
        `commit to arrival, for ${options.seconds} s`,
        'events/s',
        'p50 ms',
        'p99 ms',
        'max ms',
        'p99, each round',
      ],
      measured.flatMap(latencyRow),
    ),
    '',
    renderTable(['', 'goal', 'value', 'met'], goals),
  ].join('\n');
}

function throughputRow({ title, rounds }: Measured): string[][] {
  const { perSecond, statements, memoryMb } = mediansOf(rounds);
  if (perSecond === undefined) return [];
  const rates = rounds.map((figures) => ('perSecond' in figures ? figures.perSecond : Number.NaN));
  const range = `${wholes(Math.min(...rates))}–${wholes(Math.max(...rates))}`;
  return [[title, wholes(perSecond), range, String(statements ?? ''), String(memoryMb ?? '')]];
}

function latencyRow({ title, rounds }: Measured): string[][] {
  const { p50, p99, max } = mediansOf(rounds);
  if (p50 === undefined || p99 === undefined || max === undefined) return [];
  const latencies = rounds.flatMap((figures) => ('p99' in figures ? [figures] : []));
  const rates = latencies.map(({ eventsPerSecond }) => eventsPerSecond);
  return [
    [
      title,
      `${wholes(Math.min(...rates))}–${wholes(Math.max(...rates))}`,
      ...[p50, p99, max].map((milliseconds) => String(milliseconds)),
      latencies.map((figures) => figures.p99).join(' '),
    ],
  ];
}

/** What is published: every single figure, and all that one needs to judge it. */
export function toJson(report: Report): string {
  const { measured, options: run, measuredAt, ...rest } = report;
  const figures = measured.map(({ rounds, ...measurement }) => ({
    ...measurement,
    medians: mediansOf(rounds),
    rounds,
  }));
  const document = { benchmark: 'webhooks', measuredAt: measuredAt.toISOString(), run, ...rest, figures };
  return `${JSON.stringify(document, null, 2)}\n`;
}
