import { isDigit } from './character-folding.js';
import type { MessageTokens } from './message-tokens.js';

/** Which n-grams of a message the model looks at; stored in the model file, so that both sides agree. */
export interface FeatureRecipe {
  /** Longest run of words that is one feature. */
  wordNgrams: number;
  /** Letters of a word that count where it is part of a run: endings only make those rarer. */
  stemLetters: number;
  /** How far apart two words that are a pair, in whichever order, may stand. */
  pairReach: number;
  /** The same as stemLetters, for pairs. */
  pairStemLetters: number;
  /** Shortest and longest run of letters inside a word, its edges counting as letters. */
  shortestLetters: number;
  longestLetters: number;
}

const WORD_SEED = 0x811c9dc5;
const LETTERS_SEED = 0x2f0b4c47;
const PAIR_SALT = 0x5bd1e995;
const PRIME = 16777619;
const EDGE = 95;
const DIGIT = 48;
/** A long message says what it wants at its beginning or at its end: nothing between is looked at. */
const HEAD_LETTERS = 1200;
const TAIL_LETTERS = 400;
const MOST_WORDS = HEAD_LETTERS + TAIL_LETTERS + 2;
const LONGEST_WORD = 30;
const CAPACITY = 16384;

/**
 * The hashed features of one message, in arrays reused for the next. `hashes` holds the single words first,
 * then the runs of words, the pairs of words, and the runs of letters.
 */
export class MessageFeatures {
  readonly hashes = new Int32Array(CAPACITY);
  singleWords = 0;
  wordsEnd = 0;
  pairsEnd = 0;
  lettersEnd = 0;

  readonly #word = new Uint16Array(LONGEST_WORD + 2);
  readonly #stems = new Int32Array(MOST_WORDS);
  readonly #pairStems = new Int32Array(MOST_WORDS);

  constructor(readonly recipe: FeatureRecipe) {}

  /** Takes the n-grams of the message, forgetting the one before. */
  read(tokens: MessageTokens): this {
    let headEnd = 0;
    while (headEnd < tokens.count && tokens.startOf(headEnd) < HEAD_LETTERS) headEnd += 1;
    let tailStart = tokens.count;
    const end = tokens.startOf(tokens.count);
    while (tailStart > headEnd && tokens.startOf(tailStart - 1) > end - TAIL_LETTERS) tailStart -= 1;

    let words = 0;
    for (let token = 0; token < tokens.count; token += 1) {
      if (token === headEnd) token = tailStart;
      if (token === tokens.count) break;
      const length = this.#copyWord(tokens, token);
      this.hashes[words] = this.#hashWord(length, LONGEST_WORD);
      this.#stems[words] = this.#hashWord(length, this.recipe.stemLetters);
      this.#pairStems[words] = this.#hashWord(length, this.recipe.pairStemLetters);
      words += 1;
    }
    this.#takeWords(words);
    this.#takePairs(words);
    this.lettersEnd = this.pairsEnd;
    for (let token = 0; token < tokens.count; token += 1) {
      if (token === headEnd) token = tailStart;
      if (token === tokens.count) break;
      this.#takeLetters(this.#copyWord(tokens, token));
    }
    return this;
  }

  /** Copies a word between two edges, every number becoming one digit; returns its length with the edges. */
  #copyWord(tokens: MessageTokens, token: number): number {
    const end = tokens.startOf(token + 1);
    let length = 1;
    this.#word[0] = EDGE;
    let wasDigit = false;
    for (let index = tokens.startOf(token); index < end && length <= LONGEST_WORD; index += 1) {
      const code = tokens.codes[index] ?? 0;
      const digit = isDigit(code);
      if (digit && wasDigit) continue;
      wasDigit = digit;
      this.#word[length] = digit ? DIGIT : code;
      length += 1;
    }
    this.#word[length] = EDGE;
    return length + 1;
  }

  #hashWord(length: number, letters: number): number {
    let hash = WORD_SEED;
    const end = Math.min(length - 1, letters + 1);
    for (let index = 1; index < end; index += 1) hash = step(hash, this.#word[index] ?? 0);
    return finish(hash);
  }

  #takeWords(words: number): void {
    let at = words;
    this.singleWords = words;
    for (let first = 0; first < words; first += 1) {
      let hash = this.#stems[first] ?? 0;
      for (let run = 1; run < this.recipe.wordNgrams && first + run < words; run += 1) {
        hash = finish(step(hash, this.#stems[first + run] ?? 0));
        if (at < CAPACITY) this.hashes[at++] = hash;
      }
    }
    this.wordsEnd = at;
  }

  #takePairs(words: number): void {
    let at = this.wordsEnd;
    for (let first = 0; first < words; first += 1) {
      const one = this.#pairStems[first] ?? 0;
      const last = Math.min(words - 1, first + this.recipe.pairReach);
      for (let second = first + 1; second <= last && at < CAPACITY; second += 1) {
        const other = this.#pairStems[second] ?? 0;
        this.hashes[at++] = finish(step(Math.min(one, other) ^ PAIR_SALT, Math.max(one, other)));
      }
    }
    this.pairsEnd = at;
  }

  #takeLetters(length: number): void {
    const { shortestLetters, longestLetters } = this.recipe;
    for (let start = 0; start + shortestLetters <= length; start += 1) {
      let hash = LETTERS_SEED;
      const stop = Math.min(longestLetters, length - start);
      for (let run = 1; run <= stop; run += 1) {
        hash = step(hash, this.#word[start + run - 1] ?? 0);
        if (run >= shortestLetters && this.lettersEnd < CAPACITY) {
          this.hashes[this.lettersEnd] = finish(hash);
          this.lettersEnd += 1;
        }
      }
    }
  }
}

/** One step of FNV-1a, over 16- or 32-bit units instead of bytes. */
function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, PRIME);
}

/** The finaliser of MurmurHash3: spreads what FNV leaves in the high bits over all of them. */
function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
