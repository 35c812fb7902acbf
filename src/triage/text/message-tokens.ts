import {
  cyrillicLookAlike,
  DROPPED,
  FULL_STOP,
  fold,
  foldPair,
  isCyrillic,
  isLatin,
  latinLookAlike,
  SENTENCE_END,
  SEPARATOR,
} from './character-folding.js';

const FIRST_CAPACITY = 4096;

/**
 * The words of one message, folded, in arrays that are reused for the next message: reading a message
 * allocates nothing unless it is longer than any before it.
 */
export class MessageTokens {
  /** How many words the message has. */
  count = 0;
  /** Folded letters of all words, one after the other. */
  codes = new Uint16Array(FIRST_CAPACITY);
  /** Where word i begins in `codes`; it ends where word i + 1 begins. */
  starts = new Int32Array(FIRST_CAPACITY + 1);
  /** Which sentence of the message word i stands in, from 0. */
  sentences = new Int32Array(FIRST_CAPACITY);
  /** Whether more letters of the message are Cyrillic than Latin. */
  cyrillic = false;

  #length = 0;
  /** Cyrillic letters of the message minus Latin ones. */
  #surplus = 0;
  /** Letters of the word being read. */
  #latin = 0;
  #cyrillic = 0;

  /** Reads a message, forgetting the one before. Time is linear in its length. */
  read(text: string): this {
    this.#reserve(text.length);
    this.count = 0;
    this.#length = 0;
    this.#surplus = 0;
    let sentence = 0;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      let folded = fold(code);
      if (code >= 0xd800 && code < 0xdc00 && index + 1 < text.length) {
        folded = foldPair(code, text.charCodeAt(index + 1));
        index += 1;
      }
      if (folded === DROPPED) continue;
      if (folded > SEPARATOR) {
        this.#append(folded);
        continue;
      }
      this.#endWord(sentence);
      if (folded === SENTENCE_END) sentence += 1;
      else if (folded === FULL_STOP && fold(text.charCodeAt(index + 1) || 32) <= SEPARATOR) sentence += 1;
    }
    this.#endWord(sentence);
    this.cyrillic = this.#surplus > 0;
    return this;
  }

  /** Where word i begins in `codes`; for i = count, where the last one ends. */
  startOf(word: number): number {
    return this.starts[word] ?? this.#length;
  }

  #append(code: number): void {
    this.codes[this.#length] = code;
    this.#length += 1;
    if (isLatin(code)) this.#latin += 1;
    else if (isCyrillic(code)) this.#cyrillic += 1;
  }

  #endWord(sentence: number): void {
    const start = this.count === 0 ? 0 : (this.starts[this.count] ?? 0);
    if (this.#length > start) {
      if (this.#latin > 0 && this.#cyrillic > 0) this.#unmix(start);
      this.sentences[this.count] = sentence;
      this.count += 1;
      this.starts[this.count] = this.#length;
    }
    this.#surplus += this.#cyrillic - this.#latin;
    this.#latin = 0;
    this.#cyrillic = 0;
  }

  /** A word of both alphabets is one alphabet with look-alikes: the letters that have none decide which. */
  #unmix(start: number): void {
    let latinOnly = 0;
    let cyrillicOnly = 0;
    for (let index = start; index < this.#length; index += 1) {
      const code = this.codes[index] ?? 0;
      if (isLatin(code) && cyrillicLookAlike(code) === 0) latinOnly += 1;
      else if (isCyrillic(code) && latinLookAlike(code) === 0) cyrillicOnly += 1;
    }
    const toLatin = latinOnly === cyrillicOnly ? this.#latin >= this.#cyrillic : latinOnly > cyrillicOnly;
    for (let index = start; index < this.#length; index += 1) {
      const code = this.codes[index] ?? 0;
      const other = toLatin ? latinLookAlike(code) : cyrillicLookAlike(code);
      if (other !== 0) this.codes[index] = other;
    }
  }

  #reserve(length: number): void {
    this.starts[0] = 0;
    if (length <= this.codes.length) return;
    this.codes = new Uint16Array(length);
    this.starts = new Int32Array(length + 1);
    this.sentences = new Int32Array(length);
  }
}
