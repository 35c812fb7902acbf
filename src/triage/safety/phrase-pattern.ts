import { DROPPED, fold, SEPARATOR } from '../text/character-folding.js';

/*
 * A pattern is words in order, within one sentence:
 *   stolen        this word
 *   украл*        any word that begins so
 *   stole|stolen  either; {money} stands for the words of a group
 *   ..            up to three words between; ..6 up to six
 */

/** A word, or the beginning of one, in folded letters. */
export interface Term {
  letters: string;
  prefix: boolean;
}

/** One place of a pattern. */
export interface PatternStep {
  terms: Term[];
  /** How many words may stand between this place and the one before. */
  gap: number;
}

const USUAL_GAP = 3;

/** @throws Error saying what is wrong with the pattern. */
export function parsePattern(pattern: string, groups: Readonly<Record<string, string>>): PatternStep[] {
  const steps: PatternStep[] = [];
  let gap = 0;
  for (const part of pattern.split(' ').filter((one) => one !== '')) {
    const between = /^\.\.(\d*)$/.exec(part);
    if (between !== null) {
      gap = between[1] === '' ? USUAL_GAP : Number(between[1]);
      continue;
    }
    steps.push({ terms: termsOf(part, groups, pattern), gap });
    gap = 0;
  }
  if (steps.length === 0) throw new Error(`The pattern "${pattern}" has no words`);
  return steps;
}

function termsOf(part: string, groups: Readonly<Record<string, string>>, pattern: string): Term[] {
  return part.split('|').flatMap((word) => {
    const group = /^\{(.+)\}$/.exec(word)?.[1];
    if (group === undefined) return [termOf(word, pattern)];
    const members = groups[group];
    if (members === undefined) throw new Error(`The pattern "${pattern}" names no known group: {${group}}`);
    return termsOf(members, {}, pattern);
  });
}

function termOf(word: string, pattern: string): Term {
  const prefix = word.endsWith('*');
  const codes = [...(prefix ? word.slice(0, -1) : word)].map((letter) => fold(letter.charCodeAt(0)));
  const letters = codes.filter((code) => code !== DROPPED);
  if (letters.length === 0 || letters.some((code) => code <= SEPARATOR)) {
    throw new Error(`The pattern "${pattern}" has a word no message can have: "${word}"`);
  }
  return { letters: String.fromCharCode(...letters), prefix };
}
