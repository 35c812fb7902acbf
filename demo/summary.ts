import { PRIORITIES } from '../src/conversations/priority.js';
import { summariseLatencies } from './latency.js';
import type { PushResult } from './message-pusher.js';
import type { ReadBack } from './read-back.js';
import type { Decided, Mishaps } from './run-tally.js';
import { bar, count, oneLine, paint, span, type Terminal, type Tone } from './terminal-text.js';

export interface RunReport {
  /** What was read, for a person: "379 messages by 186 clients". */
  readonly source: string;
  readonly connections: number;
  readonly push: PushResult;
  /** `null` when there was nothing to read back. */
  readonly readBack: ReadBack | null;
  readonly now: Date;
}

const LABEL = 14;
const NUMBER = 8;
const BAR = 28;
const TOP_CATEGORIES = 8;
const SAMPLES = 3;

const PRIORITY_TONES: Readonly<Record<string, Tone>> = {
  urgent: 'red',
  high: 'yellow',
  normal: 'cyan',
  low: 'dim',
};

function line(label: string, value: string, remark = ''): string {
  return `  ${label.padEnd(LABEL)}${value.padStart(NUMBER)}${remark === '' ? '' : `   ${remark}`}`;
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function bars(
  counts: readonly (readonly [string, number])[],
  total: number,
  terminal: Terminal,
  toneOf: (label: string) => Tone,
): string[] {
  const labelWidth = Math.max(LABEL, ...counts.map(([label]) => label.length + 2));
  return counts.map(([label, amount]) => {
    const share = total === 0 ? 0 : amount / total;
    const percent = `${(share * 100).toFixed(1)} %`.padStart(8);
    const figures = `${label.padEnd(labelWidth)}${count(amount).padStart(NUMBER)}${percent}`;
    return `  ${figures}  ${paint(terminal, toneOf(label), bar(share, BAR))}`.trimEnd();
  });
}

function mishapLines(label: string, mishaps: Mishaps, terminal: Terminal): string[] {
  if (mishaps.first === null) return [];
  const { row, detail } = mishaps.first;
  const why = oneLine(`first in row ${row}: ${detail}`, Math.max(40, terminal.width - LABEL - NUMBER - 6));
  return [paint(terminal, 'red', line(label, count(mishaps.count), why))];
}

function sendingLines({ push, connections }: RunReport, terminal: Terminal): string[] {
  const { tally, seconds, notSent } = push;
  const replays = [...tally.replays].sort((one, other) => other[1] - one[1]);
  const replayed = replays.reduce((sum, [, amount]) => sum + amount, 0);
  const lostAnswers = tally.decided.size - tally.created;
  const latency = summariseLatencies(tally.latenciesMs);
  const rate = seconds > 0 ? `, ${count(tally.sendings / seconds)} a second` : '';
  const extra = tally.retries > 0 ? `, ${count(tally.retries)} retries` : '';
  return [
    line('sent', count(tally.sendings), `in ${span(seconds * 1000)}${rate}, ${connections} at once${extra}`),
    line('accepted', count(tally.created), '201, each a message of its own'),
    line('replays', count(replayed), replays.map(([reason, amount]) => `${reason} ${amount}`).join('  ')),
    ...(lostAnswers > 0 ? [line('', count(lostAnswers), 'of the replays told of a message first')] : []),
    ...(tally.refused.count === 0 ? [line('refused', '0')] : []),
    ...mishapLines('refused', tally.refused, terminal),
    ...mishapLines('gave up', tally.gaveUp, terminal),
    ...(notSent > 0 ? [paint(terminal, 'red', line('not sent', count(notSent)))] : []),
    ...(latency === null
      ? []
      : [
          `  ${'latency'.padEnd(LABEL)}   ${Object.entries(latency)
            .map(([name, value]) => `${name} ${span(value)}`)
            .join('   ')}`,
        ]),
  ];
}

function triageLines(decided: readonly Decided[], terminal: Terminal): string[] {
  const priorities = countsOf(decided.map(({ answer }) => answer.priority ?? 'unknown'));
  const known = [...PRIORITIES].reverse().map((name) => [name, priorities.get(name) ?? 0] as const);
  const unknown = priorities.get('unknown');
  const categories = [...countsOf(decided.map(({ answer }) => oneLine(answer.category ?? 'unknown', 30)))]
    .sort((one, other) => other[1] - one[1])
    .slice(0, TOP_CATEGORIES);
  const total = decided.length;
  return [
    paint(terminal, 'bold', 'Priorities'),
    ...bars(
      unknown === undefined ? known : [...known, ['unknown', unknown] as const],
      total,
      terminal,
      (label) => PRIORITY_TONES[label] ?? 'dim',
    ),
    '',
    paint(terminal, 'bold', 'Top categories'),
    ...bars(categories, total, terminal, () => 'cyan'),
  ];
}

function consequenceLines(decided: readonly Decided[], now: Date): string[] {
  const reminders = new Map(
    decided.flatMap(({ answer }) => answer.reminders).map(({ id, scheduledAt }) => [id, scheduledAt]),
  );
  const next = Math.min(...[...reminders.values()].map((at) => Date.parse(at)));
  const wait = next - now.getTime();
  const due = wait > 0 ? `the next one is due in ${span(wait)}` : 'the next one is due now';
  const conversations = new Set(decided.map(({ answer }) => answer.conversationId));
  return [
    line('conversations', count(conversations.size)),
    line('first messages', count(decided.filter(({ answer }) => answer.isFirstMessage === true).length)),
    line('reminders', count(reminders.size), Number.isFinite(next) ? due : 'none to wait for'),
  ];
}

/** Spread over the file rather than its first ones, which one client may have written. */
function urgentSamples(decided: readonly Decided[]): Decided[] {
  const urgent = decided
    .filter(({ answer }) => answer.priority === 'urgent')
    .sort((one, other) => one.sent.row - other.sent.row);
  const step = Math.max(1, urgent.length / SAMPLES);
  return Array.from({ length: Math.min(SAMPLES, urgent.length) }, (_, index) => Math.floor(index * step))
    .map((position) => urgent[position])
    .filter((sample) => sample !== undefined);
}

function sampleLines(decided: readonly Decided[], terminal: Terminal): string[] {
  const samples = urgentSamples(decided);
  if (samples.length === 0) return [];
  return [
    paint(terminal, 'bold', 'Urgent, for example'),
    ...samples.map(({ sent, answer }) => {
      const confidence = answer.triage?.confidence;
      const shown = typeof confidence === 'number' ? confidence.toFixed(2) : '  – ';
      return `  ${paint(terminal, 'red', shown)}  ${oneLine(sent.text, Math.max(30, terminal.width - 8))}`;
    }),
    '',
  ];
}

function checkLine(accepted: number, read: ReadBack | null, terminal: Terminal): string {
  if (read === null) return paint(terminal, 'red', 'Nothing was accepted, so nothing was read back.');
  const whole = read.found === accepted;
  const how = `${read.pages} page${read.pages === 1 ? '' : 's'}, ${span(read.seconds * 1000)}`;
  const verdict = `${count(accepted)} accepted, ${count(read.found)} found again when read back`;
  const problem = read.problem === null ? '' : oneLine(`, then ${read.problem}`, terminal.width);
  return `${paint(terminal, whole ? 'green' : 'red', `${whole ? '✔' : '✘'} ${verdict}`)}   ${how}${problem}`;
}

/** The whole summary, ready to print. */
export function renderSummary(report: RunReport, terminal: Terminal): string {
  const decided = [...report.push.tally.decided.values()];
  return [
    '',
    `${paint(terminal, 'bold', 'Run')}  ${paint(terminal, 'dim', oneLine(report.source, terminal.width - 5))}`,
    ...sendingLines(report, terminal),
    '',
    ...(decided.length === 0
      ? []
      : [
          ...triageLines(decided, terminal),
          '',
          paint(terminal, 'bold', 'What follows from them'),
          ...consequenceLines(decided, report.now),
          '',
          ...sampleLines(decided, terminal),
        ]),
    checkLine(decided.length, report.readBack, terminal),
  ].join('\n');
}
