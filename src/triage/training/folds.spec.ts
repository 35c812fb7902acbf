import { dealIntoFolds } from './folds.js';
import type { LabelledMessage } from './labelled-message.js';

const messages: LabelledMessage[] = Array.from({ length: 110 }, (_, index) => ({
  text: `text ${index}`,
  category: index < 100 ? 'often' : 'seldom',
  priority: 'low',
  language: null,
}));

describe('dealIntoFolds', () => {
  it('puts every message into one part, and the same share of every category into each', () => {
    const parts = dealIntoFolds(messages, 5, 1);
    expect(parts).toHaveLength(5);
    for (const part of parts) {
      expect(part.filter(({ category }) => category === 'often')).toHaveLength(20);
      expect(part.filter(({ category }) => category === 'seldom')).toHaveLength(2);
    }
    expect(new Set(parts.flat())).toEqual(new Set(messages));
  });

  it('is the same for the same seed, and another for another', () => {
    expect(dealIntoFolds(messages, 5, 1)).toEqual(dealIntoFolds(messages, 5, 1));
    expect(dealIntoFolds(messages, 5, 2)).not.toEqual(dealIntoFolds(messages, 5, 1));
  });

  it('leaves parts empty where there are fewer messages', () => {
    const sizes = dealIntoFolds(messages.slice(0, 3), 5, 1).map(({ length }) => length);
    expect(sizes).toEqual([1, 1, 1, 0, 0]);
  });
});
