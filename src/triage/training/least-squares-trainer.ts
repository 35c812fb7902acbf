import { seededRandom, shuffle } from './seeded-random.js';
import type { SparseRows, TrainedWeights } from './softmax-trainer.js';

/** Settings of the training. */
export interface LeastSquaresSettings {
  epochs: number;
  /** How much large weights are held back. */
  ridge: number;
  seed: number;
}

/** How much the biases may move beside the weights: the square of a feature that every message has. */
const BIAS = 0.05;

/**
 * Ridge regression of each class against the rest, 1 for its messages and 0 for others, by coordinate ascent
 * on the dual, which some epochs solve well enough (Shalev-Shwartz and Zhang, 2013).
 *
 * @param onEpoch told how many epochs are done.
 */
export function trainLeastSquares(
  rows: SparseRows,
  features: number,
  classes: number,
  settings: LeastSquaresSettings,
  onEpoch: (done: number) => void,
): TrainedWeights {
  const { starts, columns, values, targets } = rows;
  const weights = new Float32Array(features * classes);
  const biases = new Float32Array(classes);
  const duals = new Float32Array(targets.length * classes);
  const steps = new Float64Array(classes);
  const order = Int32Array.from(targets, (_, index) => index);
  const random = seededRandom(settings.seed);

  const update = (message: number): void => {
    const dual = message * classes;
    const start = starts[message] ?? 0;
    const end = starts[message + 1] ?? 0;
    for (let one = 0; one < classes; one += 1) {
      const wanted = one === targets[message] ? 1 : 0;
      steps[one] = wanted - BIAS * (biases[one] ?? 0) - settings.ridge * (duals[dual + one] ?? 0);
    }
    let square = BIAS;
    for (let at = start; at < end; at += 1) {
      const value = values[at] ?? 0;
      const offset = (columns[at] ?? 0) * classes;
      square += value * value;
      for (let one = 0; one < classes; one += 1) {
        steps[one] = (steps[one] ?? 0) - value * (weights[offset + one] ?? 0);
      }
    }
    for (let one = 0; one < classes; one += 1) {
      const stride = (steps[one] ?? 0) / (square + settings.ridge);
      steps[one] = stride;
      duals[dual + one] = (duals[dual + one] ?? 0) + stride;
      biases[one] = (biases[one] ?? 0) + stride;
    }
    for (let at = start; at < end; at += 1) {
      const value = values[at] ?? 0;
      const offset = (columns[at] ?? 0) * classes;
      for (let one = 0; one < classes; one += 1) {
        weights[offset + one] = (weights[offset + one] ?? 0) + value * (steps[one] ?? 0);
      }
    }
  };

  for (let epoch = 0; epoch < settings.epochs; epoch += 1) {
    shuffle(order, random);
    for (const message of order) update(message);
    onEpoch(epoch + 1);
  }
  return { weights, biases: biases.map((bias) => bias * BIAS) };
}
