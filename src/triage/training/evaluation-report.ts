import { PRIORITIES } from '../../conversations/priority.js';
import type { Confusion, Evaluation } from './evaluation.js';

/** An evaluation as text for a terminal; it is also valid Markdown. */
export function reportOf(title: string, evaluation: Evaluation): string {
  const f1 = PRIORITIES.flatMap((priority) => {
    const value = evaluation.priorityF1[priority];
    return value === undefined ? [] : [`${priority} ${value.toFixed(3)}`];
  });
  return [
    `${title}: ${evaluation.messages} messages`,
    '',
    '| measure | value |',
    '| --- | --- |',
    `| priority macro-F1 | ${evaluation.priorityMacroF1.toFixed(4)} |`,
    `| priority F1 | ${f1.join(', ')} |`,
    `| priority accuracy | ${percent(evaluation.priorityAccuracy)} |`,
    `| category accuracy | ${percent(evaluation.categoryAccuracy)} |`,
    `| category macro-F1 | ${evaluation.categoryMacroF1?.toFixed(4) ?? '-'} |`,
    `| unknown (no category) | ${percent(evaluation.unknownRate)} |`,
    `| time per message, median | ${evaluation.medianMicroseconds.toFixed(0)} µs |`,
    '',
    confusionTable(evaluation.confusion),
  ].join('\n');
}

/** Rows are what people said, columns what triage said. */
export function confusionTable(confusion: Confusion): string {
  const rows = PRIORITIES.map(
    (wanted) => `| ${wanted} | ${PRIORITIES.map((given) => confusion[wanted][given]).join(' | ')} |`,
  );
  return [
    `| is \\ triaged as | ${PRIORITIES.join(' | ')} |`,
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(2)} %`;
}
