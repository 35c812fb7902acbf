import type { MessageFeatures } from './text/message-features.js';

/** The features a model knows, as they are stored: one entry of each array per feature. */
export interface VocabularyTable {
  /** Hashes of the features. */
  keys: Int32Array;
  /** Inverse document frequencies, `ln((1 + N) / (1 + n)) + 1`. */
  idf: Float32Array;
  /** What a word never seen weighs: the inverse document frequency at n = 0. */
  unseenIdf: number;
  /** How much the pairs of words and the runs of letters count beside the words, which count 1. */
  pairWeight: number;
  letterWeight: number;
}

const LONGEST_VECTOR = 16384;

/**
 * Turns the features of a message into a sparse TF-IDF vector of length 1: sublinear term frequency, the
 * words, the pairs of words and the runs of letters each normalised on their own. Its arrays are reused for the next message.
 */
export class FeatureVocabulary {
  /** Which features the last message has, and with what weight; the first `length` entries count. */
  readonly rows = new Int32Array(LONGEST_VECTOR);
  readonly values = new Float32Array(LONGEST_VECTOR);
  length = 0;
  /** How much of what the last message says, by weight of its words, was seen in training, 0 to 1. */
  knownShare = 0;

  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #counts: Uint16Array;

  constructor(readonly table: VocabularyTable) {
    let capacity = 16;
    while (capacity < table.keys.length * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity);
    this.#mask = capacity - 1;
    this.#counts = new Uint16Array(table.keys.length);
    table.keys.forEach((key, row) => {
      let slot = key & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = row + 1;
    });
  }

  /** Reads a message's features, forgetting the message before. */
  read(features: MessageFeatures): this {
    const { pairWeight, letterWeight } = this.table;
    const { wordsEnd, pairsEnd, lettersEnd } = features;
    const scale = 1 / Math.hypot(1, pairWeight, letterWeight);
    this.length = 0;
    this.#take(features, 0, wordsEnd, scale);
    this.#take(features, wordsEnd, pairsEnd, scale * pairWeight);
    this.#take(features, pairsEnd, lettersEnd, scale * letterWeight);
    this.knownShare = this.#shareOfKnownWords(features);
    return this;
  }

  #rowOf(key: number): number {
    let slot = key & this.#mask;
    for (;;) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0 || this.table.keys[row] === key) return row;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Appends the features between two places, weighed so that together they have a certain Euclidean norm. */
  #take(features: MessageFeatures, from: number, to: number, norm: number): void {
    const first = this.length;
    for (let index = from; index < to; index += 1) {
      const row = this.#rowOf(features.hashes[index] ?? 0);
      if (row < 0) continue;
      const count = this.#counts[row] ?? 0;
      this.#counts[row] = count + 1;
      if (count === 0) this.rows[this.length++] = row;
    }
    let squares = 0;
    for (let index = first; index < this.length; index += 1) {
      const row = this.rows[index] ?? 0;
      const count = this.#counts[row] ?? 0;
      const frequency = count === 1 ? 1 : 1 + Math.log(count);
      const value = frequency * (this.table.idf[row] ?? 0);
      this.#counts[row] = 0;
      this.values[index] = value;
      squares += value * value;
    }
    const factor = squares === 0 ? 0 : norm / Math.sqrt(squares);
    for (let index = first; index < this.length; index += 1) {
      this.values[index] = (this.values[index] ?? 0) * factor;
    }
  }

  #shareOfKnownWords(features: MessageFeatures): number {
    let known = 0;
    let unseen = 0;
    for (let index = 0; index < features.singleWords; index += 1) {
      const row = this.#rowOf(features.hashes[index] ?? 0);
      if (row < 0) unseen += this.table.unseenIdf;
      else known += this.table.idf[row] ?? 0;
    }
    return known === 0 ? 0 : known / (known + unseen);
  }
}
