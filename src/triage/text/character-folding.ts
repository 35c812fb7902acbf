/**
 * How one UTF-16 code unit reads to triage. Looked up in a table, because it is asked for every character
 * of every message.
 */

/** The character vanishes: zero-width characters, accents, apostrophes, soft hyphens. */
export const DROPPED = 0;
/** The character ends a sentence wherever it stands: `!`, `?`, `;`, a line break. */
export const SENTENCE_END = 1;
/** A full stop: ends a sentence only before a space, so that `3.50` and `s.t.o.p` hold together. */
export const FULL_STOP = 2;
/** Everything else that is not part of a word. */
export const SEPARATOR = 32;

const SENTENCE_ENDS = '!?;\n\r\u2026\u3002\u037e\uff01\uff1f';
const APOSTROPHES = "'\u2019\u02bc`\u00b4\u2018";
const CURRENCIES = '$£€¥₽₴₹';
const GREEK_TO_LATIN: Readonly<Record<string, string>> = {
  α: 'a',
  ε: 'e',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  χ: 'x',
};
const MATHEMATICAL_LETTERS = 0x1d400;
const MATHEMATICAL_END = 0x1d800;

/** Cyrillic letters beside the Latin ones they are drawn like, both lower case. */
const LOOK_ALIKES = [
  ['а', 'a'],
  ['в', 'b'],
  ['с', 'c'],
  ['е', 'e'],
  ['н', 'h'],
  ['і', 'i'],
  ['ј', 'j'],
  ['к', 'k'],
  ['м', 'm'],
  ['о', 'o'],
  ['р', 'p'],
  ['ѕ', 's'],
  ['т', 't'],
  ['у', 'y'],
  ['х', 'x'],
  ['ԁ', 'd'],
  ['ԛ', 'q'],
] as const;

/** In the tables, of what was not asked for yet: most of it never is, and all of it takes 50 ms to make. */
const UNKNOWN = 0xffff;

const foldings = new Uint16Array(0x10000).fill(UNKNOWN);
const mathematical = new Uint16Array(MATHEMATICAL_END - MATHEMATICAL_LETTERS).fill(UNKNOWN);
const toLatin = new Uint16Array(0x600);
const toCyrillic = new Uint16Array(0x600);

for (const [cyrillic, latin] of LOOK_ALIKES) {
  toLatin[cyrillic.charCodeAt(0)] = latin.charCodeAt(0);
  toCyrillic[latin.charCodeAt(0)] = cyrillic.charCodeAt(0);
}

function foldingOf(character: string): number {
  if (SENTENCE_ENDS.includes(character)) return SENTENCE_END;
  if (character === '.') return FULL_STOP;
  if (APOSTROPHES.includes(character)) return DROPPED;
  if (CURRENCIES.includes(character)) return 36;
  if (character === '@') return 64;
  if (/[\p{M}\p{Cf}]/u.test(character)) return DROPPED;
  if (/[\uffa0\u3164\u115f\u1160]/u.test(character)) return DROPPED;
  if (!/[\p{L}\p{N}]/u.test(character)) return SEPARATOR;
  const plain = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().normalize('NFKD');
  const bare = plain.replace(/\p{M}/gu, '');
  const letter = bare.length === 1 ? bare : character.toLowerCase();
  return (GREEK_TO_LATIN[letter] ?? letter).charCodeAt(0);
}

/** The folded code of one code unit: a lower-case letter, digit, `$`, `@`, or one of the constants above. */
export function fold(code: number): number {
  const known = foldings[code] ?? SEPARATOR;
  if (known !== UNKNOWN) return known;
  const folding = foldingOf(String.fromCharCode(code));
  foldings[code] = folding;
  return folding;
}

/** The folded letter of a surrogate pair: bold and script "mathematical" letters are letters in disguise. */
export function foldPair(high: number, low: number): number {
  const point = (high - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000;
  const index = point - MATHEMATICAL_LETTERS;
  const known = mathematical[index] ?? SEPARATOR;
  if (known !== UNKNOWN) return known;
  const folding = foldingOf(String.fromCodePoint(point).normalize('NFKC'));
  mathematical[index] = folding;
  return folding;
}

/** The Latin letter that looks like this Cyrillic one, or 0. */
export function latinLookAlike(code: number): number {
  return toLatin[code] ?? 0;
}

/** The Cyrillic letter that looks like this Latin one, or 0. */
export function cyrillicLookAlike(code: number): number {
  return toCyrillic[code] ?? 0;
}

export function isLatin(code: number): boolean {
  return code >= 97 && code <= 122;
}

export function isCyrillic(code: number): boolean {
  return code >= 0x400 && code < 0x530;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
