import { MessageTokens } from './message-tokens.js';

const tokens = new MessageTokens();

function wordsOf(text: string): string[] {
  tokens.read(text);
  return Array.from({ length: tokens.count }, (_, word) =>
    String.fromCharCode(...tokens.codes.subarray(tokens.startOf(word), tokens.startOf(word + 1))),
  );
}

describe('MessageTokens', () => {
  it.each([
    ['case and punctuation', "My CARD isn't working!", ['my', 'card', 'isnt', 'working']],
    ['ё and й, composed or not', 'Ещё мои\u0306 счёт', ['еще', 'мои', 'счет']],
    ['accents and full-width letters', 'Café ｓｔｏｌｅｎ', ['cafe', 'stolen']],
    ['zero-width characters', 'sto\u200blen\u2060 ca\u00adrd', ['stolen', 'card']],
    ['Cyrillic letters in a Latin word', 'stоlеn', ['stolen']],
    ['Latin letters in a Cyrillic word', 'укpaли кaртy', ['украли', 'карту']],
    ['mathematical letters', '𝓼𝓽𝓸𝓵𝓮𝓷 card', ['stolen', 'card']],
    ['currencies', '£50 or 50€', ['$50', 'or', '50$']],
    ['emoji alone', '😀👍🏽', []],
    ['nothing', '', []],
  ])('folds %s', (_, text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it('counts sentences, but not at a full stop inside a word', () => {
    tokens.read('It cost 3.50. Why? Tell me');
    expect([...tokens.sentences.subarray(0, tokens.count)]).toEqual([0, 0, 0, 0, 1, 2, 2]);
  });

  it('grows with its messages and forgets the longer one before', () => {
    expect(wordsOf('ab '.repeat(5000))).toHaveLength(5000);
    expect(wordsOf('short again')).toEqual(['short', 'again']);
  });

  it.each([
    ['Моя карта Visa', true],
    ['My bank card, карта', false],
    ['123', false],
  ])('knows which alphabet %j is in', (text, cyrillic) => {
    expect(tokens.read(text).cyrillic).toBe(cyrillic);
  });

  it('survives half a surrogate pair', () => {
    expect(wordsOf('a\ud83d')).toEqual(['a']);
  });
});
