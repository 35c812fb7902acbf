import type { Machine } from '../machine.js';
import { renderTable, wholes } from '../table.js';
import type { Filled } from './contenders.js';
import { type Measured, mediansOf } from './figures.js';
import type { GoalResult } from './goals.js';
import type { Options } from './options.js';
import { RATE } from './plan.js';

export interface Report {
  readonly measuredAt: Date;
  readonly options: Options;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, object>>;
  /** What would make the figures better than they are entitled to be. */
  readonly missingGuarantees: readonly string[];
  /** What databases held before the first measurement. */
  readonly filled: Readonly<Record<string, Filled>>;
  /** Reminders that Otklik's worker sent in the whole run, each told once, or there would be no report. */
  readonly verified: { readonly sent: number } | undefined;
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
    `Reminders, with ${wholes(options.pending)} more that do not come due: ${rounds}`,
    `${machine.cores} × ${machine.cpu}, shared by workers, load and database; ${machine.fileSystem}; ` +
      `Node ${versions.node}, PostgreSQL ${versions.postgresql}`,
    ...missingGuarantees.map((fault) => `GUARANTEES TURNED OFF: ${fault}`),
    ...(options.isPartial ? ['A partial run: not for publication.'] : []),
    '',
    renderTable(
      [`${wholes(options.due)} overdue`, 'a second', 'lowest–highest'],
      measured.flatMap(throughputRow),
    ),
    '',
    renderTable(
      [
        `due to begun, ${RATE} a second for ${options.seconds} s`,
        'p50 ms',
        'p99 ms',
        'max ms',
        'p99, each round',
      ],
      measured.flatMap((one) => latenessRow(one, options)),
    ),
    '',
    renderTable(['', 'goal', 'value', 'met'], goals),
  ].join('\n');
}

function throughputRow({ title, rounds }: Measured): string[][] {
  const { perSecond } = mediansOf(rounds);
  if (perSecond === undefined) return [];
  const rates = rounds.map((figures) => ('perSecond' in figures ? figures.perSecond : Number.NaN));
  return [[title, wholes(perSecond), `${wholes(Math.min(...rates))}–${wholes(Math.max(...rates))}`]];
}

function latenessRow({ title, kind, rounds }: Measured, { atOnce }: Options): string[][] {
  const { p50, p99, max } = mediansOf(rounds);
  if (p50 === undefined || p99 === undefined || max === undefined) return [];
  const late = rounds.flatMap((figures) => ('p99' in figures ? [figures] : []));
  const meanwhile = late.flatMap(({ messagesPerSecond }) => messagesPerSecond ?? []);
  const more =
    meanwhile.length > 0 ? `: ${wholes(Math.min(...meanwhile))}–${wholes(Math.max(...meanwhile))}/s` : '';
  return [
    [
      title + more + (kind === 'at-once' ? `: ${wholes(atOnce)}` : ''),
      ...[p50, p99, max].map((milliseconds) => String(milliseconds)),
      late.map((figures) => figures.p99).join(' '),
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
  const document = { benchmark: 'reminders', measuredAt: measuredAt.toISOString(), run, ...rest, figures };
  return `${JSON.stringify(document, null, 2)}\n`;
}
