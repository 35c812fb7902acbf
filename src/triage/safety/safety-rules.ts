import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isCyrillic, isDigit, isLatin } from '../text/character-folding.js';
import type { MessageTokens } from '../text/message-tokens.js';
import { parsePattern, type Term } from './phrase-pattern.js';
import { type SafetyRule, type SafetyRulesFile, safetyRulesSchema } from './safety-rule.js';
import { TermTrie } from './term-trie.js';

/** One place of one pattern, as the matcher needs it. */
interface Place {
  rule: number;
  excuses: boolean;
  first: boolean;
  last: boolean;
  gap: number;
}

const NEVER = -1;
/** Digits and signs that stand for letters: "st0len", "$tolen", "h@cked". */
const LEET: ReadonlyMap<string, string> = new Map(
  Object.entries({ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', $: 's', '@': 'a' }),
);
/** Fewer single letters in a row are initials or words; from here on a word that was spaced out. */
const SHORTEST_SPACED_WORD = 4;
const LONGEST_WORD = 32;

/**
 * Finds messages that speak of theft, fraud, danger or money gone, in time linear in the message: every
 * place of a pattern remembers only where it matched last, and nothing is ever tried twice.
 */
export class SafetyRules {
  readonly #places: Place[] = [];
  /** Places that a term fills, by term. */
  readonly #placesOfTerm: number[][] = [];
  readonly #trie: TermTrie;
  /** The word at which each place matched last. */
  readonly #matchedAt: Int32Array;
  /** The sentence in which each rule was hit or excused last. */
  readonly #hitIn: Int32Array;
  readonly #excusedIn: Int32Array;
  readonly #scratch = new Uint16Array(LONGEST_WORD);
  readonly #found: number[] = [];
  readonly #filled: number[] = [];
  #hits = 0;
  #steps = 0;

  /** @throws Error naming the pattern that cannot be understood. */
  constructor(readonly file: SafetyRulesFile) {
    const terms = new Map<string, { term: Term; index: number }>();
    file.rules.forEach((rule, index) => {
      for (const pattern of rule.patterns) this.#compile(pattern, index, false, terms);
      for (const pattern of rule.unless) this.#compile(pattern, index, true, terms);
    });
    this.#trie = new TermTrie([...terms.values()].map(({ term }) => term));
    this.#matchedAt = new Int32Array(this.#places.length);
    this.#hitIn = new Int32Array(file.rules.length);
    this.#excusedIn = new Int32Array(file.rules.length);
  }

  /** @throws Error when the file is not one of safety rules; the message says where. */
  static load(file: string): SafetyRules {
    const parsed = safetyRulesSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
    return new SafetyRules(parsed.data);
  }

  /** How many letters and places were looked at so far: what "linear" is counted in. */
  get work(): number {
    return this.#trie.visits + this.#steps;
  }

  /** The first rule that the message falls under, in the order of the file, or null. Reads all of it. */
  find(tokens: MessageTokens): SafetyRule | null {
    this.#matchedAt.fill(NEVER);
    this.#hitIn.fill(NEVER);
    this.#excusedIn.fill(NEVER);
    this.#hits = 0;
    let best = this.file.rules.length;
    let sentence = 0;
    let sentenceStart = 0;
    let singles = 0;
    for (let word = 0; word < tokens.count; word += 1) {
      const own = tokens.sentences[word] ?? 0;
      if (own !== sentence) {
        best = Math.min(best, this.#firstHit(sentence));
        sentence = own;
        sentenceStart = word;
        singles = 0;
      }
      const start = tokens.startOf(word);
      const end = tokens.startOf(word + 1);
      this.#found.length = 0;
      this.#trie.find(tokens.codes, start, end, this.#found);
      this.#findDisguised(tokens.codes, start, end);
      singles = end - start === 1 ? singles + 1 : 0;
      const runEnds = word + 1 === tokens.count || tokens.startOf(word + 2) - end !== 1;
      if (singles >= SHORTEST_SPACED_WORD && runEnds) {
        this.#trie.find(tokens.codes, Math.max(end - singles, end - LONGEST_WORD), end, this.#found);
      }
      if (this.#found.length > 0) this.#fill(word, sentence, sentenceStart);
    }
    best = Math.min(best, this.#firstHit(sentence));
    return this.file.rules[best] ?? null;
  }

  #compile(
    pattern: string,
    rule: number,
    excuses: boolean,
    terms: Map<string, { term: Term; index: number }>,
  ): void {
    const steps = parsePattern(pattern, this.file.groups);
    steps.forEach(({ terms: alternatives, gap }, at) => {
      const place = this.#places.length;
      this.#places.push({ rule, excuses, first: at === 0, last: at === steps.length - 1, gap });
      for (const term of alternatives) {
        const key = term.prefix ? `${term.letters}*` : term.letters;
        const known = terms.get(key) ?? { term, index: terms.size };
        terms.set(key, known);
        const uses = this.#placesOfTerm[known.index] ?? [];
        this.#placesOfTerm[known.index] = uses;
        if (!uses.includes(place)) uses.push(place);
      }
    });
  }

  /** Tries a word once more with its digits and signs read as letters, if it has both. */
  #findDisguised(codes: Uint16Array, start: number, end: number): void {
    if (end - start > LONGEST_WORD) return;
    let letters = 0;
    let signs = 0;
    for (let index = start; index < end; index += 1) {
      const code = codes[index] ?? 0;
      if (isLatin(code) || isCyrillic(code)) letters += 1;
      else if (isDigit(code) || code < 97) signs += 1;
    }
    if (letters === 0 || signs === 0) return;
    for (let index = start; index < end; index += 1) {
      const code = codes[index] ?? 0;
      this.#scratch[index - start] = LEET.get(String.fromCharCode(code))?.charCodeAt(0) ?? code;
    }
    this.#trie.find(this.#scratch, 0, end - start, this.#found);
  }

  /** Marks the places that the word fills. All are looked up before any is marked: one word fills one place. */
  #fill(word: number, sentence: number, sentenceStart: number): void {
    this.#filled.length = 0;
    for (const term of this.#found) {
      for (const place of this.#placesOfTerm[term] ?? []) {
        this.#steps += 1;
        if (this.#follows(place, word, sentenceStart)) this.#filled.push(place);
      }
    }
    for (const place of this.#filled) {
      this.#matchedAt[place] = word;
      const { last, rule, excuses } = this.#places[place] ?? { last: false, rule: 0, excuses: false };
      if (!last) continue;
      (excuses ? this.#excusedIn : this.#hitIn)[rule] = sentence;
      if (!excuses) this.#hits += 1;
    }
  }

  #follows(place: number, word: number, sentenceStart: number): boolean {
    const { first, gap } = this.#places[place] ?? { first: true, gap: 0 };
    if (first) return true;
    const before = this.#matchedAt[place - 1] ?? NEVER;
    return before >= sentenceStart && before < word && word - before - 1 <= gap;
  }

  /** The first rule hit and not excused in the sentence; asked at its end. */
  #firstHit(sentence: number): number {
    const rules = this.file.rules.length;
    if (this.#hits === 0) return rules;
    this.#hits = 0;
    for (let rule = 0; rule < rules; rule += 1) {
      if (this.#hitIn[rule] === sentence && this.#excusedIn[rule] !== sentence) return rule;
    }
    return rules;
  }
}
