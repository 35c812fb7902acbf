import { PRIORITIES } from '../../conversations/priority.js';
import type { Certainties, MessageClass, ModelData } from '../linear-model.js';
import type { FeatureRecipe } from '../text/message-features.js';
import type { LabelledMessage } from './labelled-message.js';
import { type LeastSquaresSettings, trainLeastSquares } from './least-squares-trainer.js';
import { addScaled, type SoftmaxSettings, type TrainedWeights, trainSoftmax } from './softmax-trainer.js';
import { buildVocabulary, type VocabularySettings, vectorise } from './vocabulary-builder.js';

/** Everything that decides what a training makes of its messages. */
export interface TrainingRecipe {
  features: FeatureRecipe;
  vocabulary: VocabularySettings;
  softmax: SoftmaxSettings;
  leastSquares: LeastSquaresSettings;
  /** What the scores of the second are multiplied by before they are added to those of the first. */
  leastSquaresShare: number;
}

/** How many epochs the training of a model takes. */
export function epochsOf({ softmax, leastSquares }: TrainingRecipe): number {
  return softmax.epochs + leastSquares.epochs;
}

/** What is measured on messages not trained on, see calibration.ts. */
export interface Calibration {
  sharpness: number;
  leastCertainty: Certainties;
}

/** Before calibration: probabilities as trained, and no message unlike the training data. */
export const UNCALIBRATED: Calibration = { sharpness: 1, leastCertainty: { latin: 0, cyrillic: 0 } };

const LARGEST_ENTRY = 127;

/**
 * Trains a model: two linear ones that err differently, added up, which is again a linear one. The same messages in the same order and the same recipe give the same
 * model.
 */
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
  const { softmax, leastSquares } = recipe;
  const features = vocabulary.keys.length;
  const groups = Int32Array.from(classes, ({ priority }) => PRIORITIES.indexOf(priority));
  const trained = trainSoftmax(rows, features, { count: classes.length, groups }, softmax, onEpoch);
  const second = trainLeastSquares(rows, features, classes.length, leastSquares, (done) =>
    onEpoch(softmax.epochs + done),
  );
  addScaled(trained.weights, second.weights, recipe.leastSquaresShare);
  addScaled(trained.biases, second.biases, recipe.leastSquaresShare);
  return { classes, recipe: recipe.features, vocabulary, ...quantise(trained), ...calibration };
}

/** Whether a class is what people said of a message. */
export function isClassOf({ category, priority }: MessageClass, message: LabelledMessage): boolean {
  return category === message.category && priority === message.priority;
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
