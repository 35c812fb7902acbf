import type { LinearModel, MessageClass, ModelData } from '../linear-model.js';
import type { FeatureRecipe } from '../text/message-features.js';
import type { LabelledMessage } from './labelled-message.js';
import { type TrainedWeights, type TrainerSettings, trainSoftmax } from './softmax-trainer.js';
import { buildVocabulary, type VocabularySettings, vectorise } from './vocabulary-builder.js';

/** Everything that decides what a training makes of its messages. */
export interface TrainingRecipe {
  features: FeatureRecipe;
  vocabulary: VocabularySettings;
  trainer: TrainerSettings;
}

/** What is measured on the held-out part, see calibration.ts. */
export interface Calibration {
  sharpness: number;
  leastCertainty: number;
}

/** Before calibration: probabilities as trained, and no message unlike the training data. */
export const UNCALIBRATED: Calibration = { sharpness: 1, leastCertainty: 0 };

const LARGEST_ENTRY = 127;

/** Trains a model. The same messages in the same order and the same recipe give the same model. */
export function trainModel(
  messages: readonly LabelledMessage[],
  recipe: TrainingRecipe,
  calibration: Calibration,
  onEpoch: (done: number) => void,
): ModelData {
  const classes = classesOf(messages);
  const indexes = new Map(classes.map((one, index) => [keyOf(one), index]));
  const targets = Int32Array.from(messages, (message) => indexes.get(keyOf(message)) ?? 0);
  const vocabulary = buildVocabulary(messages, recipe.features, recipe.vocabulary);
  const rows = vectorise(messages, targets, recipe.features, vocabulary);
  const trained = trainSoftmax(rows, vocabulary.keys.length, classes.length, recipe.trainer, onEpoch);
  return { classes, recipe: recipe.features, vocabulary, ...quantise(trained), ...calibration };
}

/** The probability of the right class of a message the model has just read; 0 when it has no such class. */
export function probabilityOf(model: LinearModel, message: LabelledMessage): number {
  const wanted = keyOf(message);
  const index = model.data.classes.findIndex((one) => keyOf(one) === wanted);
  return model.probabilities[index] ?? 0;
}

/** Every pair of category and priority that occurs; a team may give one category two priorities. */
function classesOf(messages: readonly LabelledMessage[]): MessageClass[] {
  const found = new Map<string, MessageClass>();
  for (const { category, priority } of messages)
    found.set(keyOf({ category, priority }), { category, priority });
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function keyOf({ category, priority }: MessageClass): string {
  return JSON.stringify([category, priority]);
}

/** Rounds each feature's weights to whole multiples of 1/127 of its largest. */
function quantise({ weights, biases }: TrainedWeights): Pick<ModelData, 'weights' | 'scales' | 'biases'> {
  const width = biases.length;
  const scales = new Float32Array(weights.length / width);
  const entries = new Int8Array(weights.length);
  for (let row = 0; row < scales.length; row += 1) {
    let largest = 0;
    for (let at = row * width; at < (row + 1) * width; at += 1) {
      largest = Math.max(largest, Math.abs(weights[at] ?? 0));
    }
    const scale = largest / LARGEST_ENTRY;
    scales[row] = scale;
    for (let at = row * width; at < (row + 1) * width && scale > 0; at += 1) {
      entries[at] = Math.round((weights[at] ?? 0) / scale);
    }
  }
  return { weights: entries, scales, biases };
}
