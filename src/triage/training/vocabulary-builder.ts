import { FeatureVocabulary, type VocabularyTable } from '../feature-vocabulary.js';
import { type FeatureRecipe, MessageFeatures } from '../text/message-features.js';
import { MessageTokens } from '../text/message-tokens.js';
import type { LabelledMessage } from './labelled-message.js';
import type { SparseRows } from './softmax-trainer.js';

/** Which features are worth a row of weights. */
export interface VocabularySettings {
  /** In how many messages a feature must occur at least. */
  leastMessages: number;
  /** How many of each kind are kept at most, the most frequent first: they make the size of the model file. */
  mostWords: number;
  mostPairs: number;
  mostLetters: number;
  pairWeight: number;
  letterWeight: number;
}

/** Counts in how many messages each feature occurs, and keeps the frequent ones. */
export function buildVocabulary(
  messages: readonly LabelledMessage[],
  recipe: FeatureRecipe,
  settings: VocabularySettings,
): VocabularyTable {
  const words = new Map<number, number>();
  const pairs = new Map<number, number>();
  const letters = new Map<number, number>();
  const tokens = new MessageTokens();
  const features = new MessageFeatures(recipe);
  for (const { text } of messages) {
    const { hashes, wordsEnd, pairsEnd, lettersEnd } = features.read(tokens.read(text));
    countOnce(words, hashes.subarray(0, wordsEnd));
    countOnce(pairs, hashes.subarray(wordsEnd, pairsEnd));
    countOnce(letters, hashes.subarray(pairsEnd, lettersEnd));
  }
  // The same hash twice is a collision: one row cannot be two features, and words say most.
  for (const key of words.keys()) pairs.delete(key);
  for (const part of [words, pairs]) for (const key of part.keys()) letters.delete(key);
  const { leastMessages } = settings;
  const kept = [
    ...frequent(words, leastMessages, settings.mostWords),
    ...frequent(pairs, leastMessages, settings.mostPairs),
    ...frequent(letters, leastMessages, settings.mostLetters),
  ];
  const idfOf = (count: number): number => Math.log((1 + messages.length) / (1 + count)) + 1;
  return {
    keys: Int32Array.from(kept, ([key]) => key),
    idf: Float32Array.from(kept, ([, count]) => idfOf(count)),
    unseenIdf: idfOf(0),
    pairWeight: settings.pairWeight,
    letterWeight: settings.letterWeight,
  };
}

/** The messages as sparse vectors over a vocabulary. */
export function vectorise(
  messages: readonly LabelledMessage[],
  targets: Int32Array,
  recipe: FeatureRecipe,
  table: VocabularyTable,
): SparseRows {
  const tokens = new MessageTokens();
  const features = new MessageFeatures(recipe);
  const vocabulary = new FeatureVocabulary(table);
  const starts = new Int32Array(messages.length + 1);
  const columns: Int32Array[] = [];
  const values: Float32Array[] = [];
  messages.forEach(({ text }, index) => {
    const vector = vocabulary.read(features.read(tokens.read(text)));
    columns.push(vector.rows.slice(0, vector.length));
    values.push(vector.values.slice(0, vector.length));
    starts[index + 1] = (starts[index] ?? 0) + vector.length;
  });
  const total = starts[messages.length] ?? 0;
  const rows = { starts, columns: new Int32Array(total), values: new Float32Array(total), targets };
  for (const [index, part] of columns.entries()) rows.columns.set(part, starts[index] ?? 0);
  for (const [index, part] of values.entries()) rows.values.set(part, starts[index] ?? 0);
  return rows;
}

function countOnce(counts: Map<number, number>, hashes: Int32Array): void {
  for (const hash of new Set(hashes)) counts.set(hash, (counts.get(hash) ?? 0) + 1);
}

/** Those that occur often enough, the most frequent first; ties by key, so that the order is always the same. */
function frequent(counts: Map<number, number>, least: number, most: number): [number, number][] {
  return [...counts]
    .filter(([, count]) => count >= least)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, most);
}
