import type { TriageVerdict } from '../triage-verdict.js';
import { evaluate } from './evaluation.js';
import { reportOf } from './evaluation-report.js';
import type { LabelledMessage } from './labelled-message.js';

function message(
  text: string,
  priority: LabelledMessage['priority'],
  category: string | null,
): LabelledMessage {
  return { text, priority, category, language: null };
}

/** Says that everything is low and about cards, but for what it does not know. */
function lowCards({ text }: LabelledMessage): TriageVerdict {
  return text === 'strange'
    ? { priority: 'normal', category: null, confidence: 0 }
    : { priority: 'low', category: 'card', confidence: 1 };
}

describe('evaluate', () => {
  const figures = evaluate(lowCards, [
    message('a', 'low', 'card'),
    message('b', 'low', 'card'),
    message('c', 'urgent', 'theft'),
    message('strange', 'low', 'card'),
    message('d', 'low', null),
  ]);

  it('counts what was right, of those that say it', () => {
    expect(figures.priorityAccuracy).toBe(3 / 5);
    expect(figures.categoryAccuracy).toBe(2 / 4);
    expect(figures.unknownRate).toBe(1 / 5);
    expect(figures.confusion.urgent).toEqual({ low: 1, normal: 0, high: 0, urgent: 0 });
  });

  it('averages F1 over what people said', () => {
    expect(figures.priorityF1).toEqual({ low: 6 / 8, urgent: 0 });
    expect(figures.priorityMacroF1).toBe(3 / 8);
    expect(figures.categoryMacroF1).toBeCloseTo((4 / 6 + 0) / 2, 10);
  });

  it('has no figures for categories where nobody named one', () => {
    const bare = evaluate(lowCards, [message('a', 'low', null)]);
    expect([bare.categoryAccuracy, bare.categoryMacroF1]).toEqual([null, null]);
    expect(reportOf('Bare', bare)).toContain('| category accuracy | - |');
  });

  it('is reported with its confusion table', () => {
    const report = reportOf('Cards', figures);
    expect(report).toContain('Cards: 5 messages');
    expect(report).toContain('| priority F1 | low 0.750, urgent 0.000 |');
    expect(report).toContain('| urgent | 1 | 0 | 0 | 0 |');
  });
});
