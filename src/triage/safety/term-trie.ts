import type { Term } from './phrase-pattern.js';

const NO_TERMS: readonly number[] = [];

/**
 * All words of all patterns in one tree of letters: one walk along a message's word finds every term that
 * it is or begins with, in time linear in the word however many terms there are.
 */
export class TermTrie {
  /** How many letters were looked at since the trie was made; what the tests of linear time count. */
  visits = 0;

  /** Letters that occur in terms have a symbol from 1; all others 0, which leads nowhere. */
  readonly #symbols = new Uint8Array(0x10000);
  readonly #width: number;
  readonly #next: Int32Array;
  readonly #whole: number[][] = [[]];
  readonly #beginnings: number[][] = [[]];

  /** @param terms term i is reported as i. */
  constructor(terms: readonly Term[]) {
    let symbols = 1;
    let letters = 1;
    for (const term of terms) {
      letters += term.letters.length;
      for (const letter of term.letters) {
        const code = letter.charCodeAt(0);
        if (this.#symbols[code] === 0) this.#symbols[code] = symbols++;
      }
    }
    this.#width = symbols;
    this.#next = new Int32Array(letters * symbols);
    terms.forEach((term, index) => {
      this.#add(term, index);
    });
  }

  /** Appends to `found` the terms that the word codes[from..to) is or begins with. */
  find(codes: Uint16Array, from: number, to: number, found: number[]): void {
    let node = 0;
    for (let index = from; index < to; index += 1) {
      this.visits += 1;
      const symbol = this.#symbols[codes[index] ?? 0] ?? 0;
      node = symbol === 0 ? 0 : (this.#next[node * this.#width + symbol] ?? 0);
      if (node === 0) return;
      for (const term of this.#beginnings[node] ?? NO_TERMS) found.push(term);
    }
    for (const term of this.#whole[node] ?? NO_TERMS) found.push(term);
  }

  #add(term: Term, index: number): void {
    let node = 0;
    for (const letter of term.letters) {
      const edge = node * this.#width + (this.#symbols[letter.charCodeAt(0)] ?? 0);
      if (this.#next[edge] === 0) {
        this.#next[edge] = this.#whole.length;
        this.#whole.push([]);
        this.#beginnings.push([]);
      }
      node = this.#next[edge] ?? 0;
    }
    (term.prefix ? this.#beginnings : this.#whole)[node]?.push(index);
  }
}
