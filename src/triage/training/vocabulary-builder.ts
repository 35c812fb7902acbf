import { FeatureVocabulary, type VocabularyTable } from '../feature-vocabulary.js';
import { type FeatureRecipe, MessageFeatures } from '../text/message-features.js';
import { MessageTokens } from '../text/message-tokens.js';
import type { LabelledMessage } from './labelled-message.js';
import type { SparseRows } from './softmax-trainer.js';

/** Which features are worth a row of weights. */
export interface VocabularySettings {
  /** In how many messages a feature must occur at least. */
  leastMessages: number;
  /** How many features are kept at most, the most frequent first: the size of the model file. */
  mostFeatures: number;
  letterWeight: number;
}

/** Counts in how many messages each feature occurs, and keeps the frequent ones. */
export function buildVocabulary(
  messages: readonly LabelledMessage[],
  recipe: FeatureRecipe,
  settings: VocabularySettings,
): VocabularyTable {
  const words = new Map<number, number>();
  const letters = new Map<number, number>();
  const tokens = new MessageTokens();
  const features = new MessageFeatures(recipe);
  for (const { text } of messages) {
    features.read(tokens.read(text));
    countOnce(words, features.hashes.subarray(0, features.wordsEnd));
    countOnce(letters, features.hashes.subarray(features.wordsEnd, features.lettersEnd));
  }
  // A hash that is both is a collision: one row cannot be both, and words say more.
  for (const key of words.keys()) letters.delete(key);
  const keptWords = frequent(words, settings.leastMessages);
  const keptLetters = frequent(letters, settings.leastMessages);
  const surplus = Math.max(0, keptWords.length + keptLetters.length - settings.mostFeatures);
  const fromWords = Math.round((surplus * keptWords.length) / (keptWords.length + keptLetters.length || 1));
  keptWords.length -= fromWords;
  keptLetters.length -= surplus - fromWords;

  const kept = [...keptWords, ...keptLetters];
  const idfOf = (count: number): number => Math.log((1 + messages.length) / (1 + count)) + 1;
  return {
    keys: Int32Array.from(kept, ([key]) => key),
    idf: Float32Array.from(kept, ([, count]) => idfOf(count)),
    unseenIdf: idfOf(0),
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
function frequent(counts: Map<number, number>, least: number): [number, number][] {
  return [...counts].filter(([, count]) => count >= least).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
