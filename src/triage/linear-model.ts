import type { Priority } from '../conversations/priority.js';
import { FeatureVocabulary, type VocabularyTable } from './feature-vocabulary.js';
import { type FeatureRecipe, MessageFeatures } from './text/message-features.js';
import type { MessageTokens } from './text/message-tokens.js';

/** What a message can turn out to be. Messages about nothing the team handles have no category. */
export interface MessageClass {
  category: string | null;
  priority: Priority;
}

/** What a model says about one message. */
export interface Reading {
  classes: readonly MessageClass[];
  /** The probability of each class; they sum to 1. */
  probabilities: Float64Array;
  /** How much of the message the model had words for, 0 to 1. */
  knownShare: number;
  /** Whether more of the message's letters are Cyrillic than Latin. */
  cyrillic: boolean;
}

/** A certainty (see certaintyOf) for messages in each alphabet. */
export interface Certainties {
  latin: number;
  cyrillic: number;
}

/** A trained model in memory; see model-file.ts for how it lies on disk. */
export interface ModelData {
  classes: readonly MessageClass[];
  recipe: FeatureRecipe;
  vocabulary: VocabularyTable;
  /** One row of classes.length weights per feature, quantised: weight = entry * scale of its row. */
  weights: Int8Array;
  scales: Float32Array;
  biases: Float32Array;
  /** What scores are multiplied by before they become probabilities, so that 0.8 means right in 80 of 100. */
  sharpness: number;
  /** Below this certainty a message is unlike what the model was trained on. */
  leastCertainty: Certainties;
}

/** A linear classifier over the n-grams of a message. Not reentrant: each reading overwrites the last. */
export class LinearModel implements Reading {
  readonly classes: readonly MessageClass[];
  readonly probabilities: Float64Array;
  cyrillic = false;

  readonly #features: MessageFeatures;
  readonly #vocabulary: FeatureVocabulary;

  constructor(readonly data: ModelData) {
    this.classes = data.classes;
    this.probabilities = new Float64Array(data.classes.length);
    this.#features = new MessageFeatures(data.recipe);
    this.#vocabulary = new FeatureVocabulary(data.vocabulary);
  }

  get knownShare(): number {
    return this.#vocabulary.knownShare;
  }

  /** Reads a message into `probabilities`. */
  read(tokens: MessageTokens): this {
    const { weights, scales, biases, sharpness, classes } = this.data;
    const vector = this.#vocabulary.read(this.#features.read(tokens));
    const scores = this.probabilities;
    const width = classes.length;
    scores.set(biases);
    for (let index = 0; index < vector.length; index += 1) {
      const row = vector.rows[index] ?? 0;
      const factor = (vector.values[index] ?? 0) * (scales[row] ?? 0);
      const offset = row * width;
      for (let at = 0; at < width; at += 1) {
        scores[at] = (scores[at] ?? 0) + factor * (weights[offset + at] ?? 0);
      }
    }
    softmax(scores, sharpness);
    this.cyrillic = tokens.cyrillic;
    return this;
  }
}

/** Turns scores into probabilities in place: `exp(sharpness * s) / sum`. */
export function softmax(scores: Float64Array, sharpness: number): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (const score of scores) if (score > highest) highest = score;
  let sum = 0;
  for (let at = 0; at < scores.length; at += 1) {
    const power = Math.exp(sharpness * ((scores[at] ?? 0) - highest));
    scores[at] = power;
    sum += power;
  }
  for (let at = 0; at < scores.length; at += 1) scores[at] = (scores[at] ?? 0) / sum;
}
