import { parsePattern } from './phrase-pattern.js';

describe('parsePattern', () => {
  it('reads words, beginnings, alternatives, groups and gaps', () => {
    expect(parsePattern('{thing} .. stole*|Gone ..6 now', { thing: 'card|карт*' })).toEqual([
      {
        gap: 0,
        terms: [
          { letters: 'card', prefix: false },
          { letters: 'карт', prefix: true },
        ],
      },
      {
        gap: 3,
        terms: [
          { letters: 'stole', prefix: true },
          { letters: 'gone', prefix: false },
        ],
      },
      { gap: 6, terms: [{ letters: 'now', prefix: false }] },
    ]);
  });

  it('folds its words as messages are folded', () => {
    expect(parsePattern("don't счёт", {}).map(({ terms }) => terms[0]?.letters)).toEqual(['dont', 'счет']);
  });

  it.each([
    ['..', 'has no words'],
    ['a|', 'a word no message can have'],
    ['top-up', 'a word no message can have: "top-up"'],
    ['{nobody} here', 'names no known group: {nobody}'],
  ])('refuses %j', (pattern, reason) => {
    expect(() => parsePattern(pattern, {})).toThrow(reason);
  });
});
