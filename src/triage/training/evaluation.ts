import { PRIORITIES, type Priority } from '../../conversations/priority.js';
import type { TriageVerdict } from '../triage-verdict.js';
import type { LabelledMessage } from './labelled-message.js';

/** How many messages of one priority were given each priority. */
export type Confusion = Record<Priority, Record<Priority, number>>;

/** How well a classifier does on labelled messages; all shares are 0 to 1. */
export interface Evaluation {
  messages: number;
  priorityAccuracy: number;
  /** Mean over the priorities that occur of the harmonic mean of precision and recall. */
  priorityMacroF1: number;
  priorityF1: Partial<Record<Priority, number>>;
  /** Null when the messages name no category. */
  categoryAccuracy: number | null;
  categoryMacroF1: number | null;
  /** Share of the messages that got no category. */
  unknownRate: number;
  confusion: Confusion;
  medianMicroseconds: number;
}

/** Classifies every message and compares. Categories are compared where the message names one. */
export function evaluate(
  classify: (message: LabelledMessage) => TriageVerdict,
  messages: readonly LabelledMessage[],
  onMessage: (done: number) => void = () => undefined,
): Evaluation {
  const confusion = emptyConfusion();
  const priorities: [string, string][] = [];
  const categories: [string, string][] = [];
  const times = new Float64Array(messages.length);
  let unknown = 0;
  messages.forEach((message, index) => {
    const start = performance.now();
    const verdict = classify(message);
    times[index] = performance.now() - start;
    confusion[message.priority][verdict.priority] += 1;
    priorities.push([message.priority, verdict.priority]);
    if (message.category !== null) categories.push([message.category, verdict.category ?? '']);
    if (verdict.category === null) unknown += 1;
    onMessage(index + 1);
  });
  const byPriority = f1ByLabel(priorities);
  return {
    messages: messages.length,
    priorityAccuracy: shareRight(priorities),
    priorityMacroF1: mean([...byPriority.values()]),
    priorityF1: Object.fromEntries(byPriority),
    categoryAccuracy: categories.length === 0 ? null : shareRight(categories),
    categoryMacroF1: categories.length === 0 ? null : mean([...f1ByLabel(categories).values()]),
    unknownRate: unknown / messages.length,
    confusion,
    medianMicroseconds: (times.sort()[Math.floor(times.length / 2)] ?? 0) * 1000,
  };
}

function emptyConfusion(): Confusion {
  const row = (): Record<Priority, number> => ({ low: 0, normal: 0, high: 0, urgent: 0 });
  return { low: row(), normal: row(), high: row(), urgent: row() };
}

function shareRight(pairs: readonly [string, string][]): number {
  return pairs.filter(([wanted, given]) => wanted === given).length / pairs.length;
}

/** The F1 of every label that somebody wanted; those only given by mistake count against the others. */
function f1ByLabel(pairs: readonly [string, string][]): Map<string, number> {
  const counts = new Map<string, { right: number; given: number; wanted: number }>();
  const countOf = (label: string): { right: number; given: number; wanted: number } => {
    const count = counts.get(label) ?? { right: 0, given: 0, wanted: 0 };
    counts.set(label, count);
    return count;
  };
  for (const [wanted, given] of pairs) {
    countOf(wanted).wanted += 1;
    countOf(given).given += 1;
    if (wanted === given) countOf(wanted).right += 1;
  }
  const wanted = [...counts].filter(([, count]) => count.wanted > 0);
  const rank = (label: string): number => (PRIORITIES as readonly string[]).indexOf(label);
  return new Map(
    wanted
      .sort(([a], [b]) => rank(a) - rank(b))
      .map(([label, count]) => [label, (2 * count.right) / (count.given + count.wanted)]),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
