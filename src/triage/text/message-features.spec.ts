import { MessageFeatures } from './message-features.js';
import { MessageTokens } from './message-tokens.js';

const RECIPE = {
  wordNgrams: 2,
  stemLetters: 4,
  pairReach: 2,
  pairStemLetters: 3,
  shortestLetters: 2,
  longestLetters: 3,
};

function featuresOf(text: string) {
  const features = new MessageFeatures(RECIPE).read(new MessageTokens().read(text));
  return {
    single: features.singleWords,
    words: [...features.hashes.subarray(0, features.wordsEnd)],
    pairs: [...features.hashes.subarray(features.wordsEnd, features.pairsEnd)],
    letters: [...features.hashes.subarray(features.pairsEnd, features.lettersEnd)],
  };
}

describe('MessageFeatures', () => {
  it('takes words, runs of two, pairs within reach, and letters with the edges', () => {
    const { single, words, pairs, letters } = featuresOf('ab cdefgh ij');
    expect(single).toBe(3);
    // ab, cdefgh, ij; ab+cdef, cdef+ij; ab|cde, ab|ij, cde|ij
    expect(words).toHaveLength(3 + 2);
    expect(pairs).toHaveLength(3);
    expect(new Set([...words, ...pairs]).size).toBe(8);
    // _ab_ gives 3 + 2, _cdefgh_ 7 + 6, _ij_ 3 + 2
    expect(letters).toHaveLength(5 + 13 + 5);
  });

  it('knows a pair in whichever order, but not beyond its reach', () => {
    const [pair] = featuresOf('card lost').pairs;
    expect(featuresOf('lost my card').pairs).toContain(pair);
    expect(featuresOf('lost all of my cards').pairs).not.toContain(pair);
  });

  it('tells the order of words, and takes one number for another', () => {
    expect(featuresOf('card lost').words).not.toEqual(featuresOf('lost card').words);
    expect(featuresOf('paid 25').words).toEqual(featuresOf('paid 1999').words);
  });

  it('forgives endings where words stand together', () => {
    const {
      words: [, , run],
    } = featuresOf('card blocked');
    expect(featuresOf('card blocking').words).toContain(run);
  });

  it('looks at the beginning and the end of a long message only', () => {
    const middle = (word: string): string =>
      `first ${'filler '.repeat(400)}${word} ${'filler '.repeat(400)}last`;
    expect(featuresOf(middle('stolen'))).toEqual(featuresOf(middle('broken')));
    expect(featuresOf(`${middle('x')} stolen`)).not.toEqual(featuresOf(`${middle('x')} broken`));
    expect(featuresOf('a '.repeat(100_000)).single).toBeLessThan(1700);
  });
});
