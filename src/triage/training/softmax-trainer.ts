import { softmax } from '../linear-model.js';
import { seededRandom, shuffle } from './seeded-random.js';

/** Settings of the training; see training-recipe.ts. */
export interface SoftmaxSettings {
  epochs: number;
  /** How many of the last epochs' weights are averaged into the result. */
  averaged: number;
  rate: number;
  /** Share of a message's features that is hidden from each step, so that none is relied on alone. */
  dropout: number;
  /** Probability spread over all classes in the target: labels of real data are not all right. */
  smoothing: number;
  /** Which share of that is spread over the classes of the right group only. */
  groupSmoothing: number;
  /** How much a wrong group counts on top of the wrong class that comes with it. */
  groupWeight: number;
  seed: number;
}

/** The training messages as sparse vectors: those of message i lie from starts[i] to starts[i + 1]. */
export interface SparseRows {
  starts: Int32Array;
  columns: Int32Array;
  values: Float32Array;
  /** The class of each message. */
  targets: Int32Array;
}

/** What a message can be. Classes that are alike in what matters most, as their priority, are one group. */
export interface Classes {
  count: number;
  /** The group of each class, from 0. */
  groups: Int32Array;
}

/** Weights by feature, `classes` for each, and a bias for each class. */
export interface TrainedWeights {
  weights: Float32Array;
  biases: Float32Array;
}

const BIAS_RATE = 0.1;
const BIAS_FLOOR = 1e-2;
const WEIGHT_FLOOR = 1e-6;

/**
 * Multinomial logistic regression by AdaGrad (Duchi and others, 2011), one message a step, with feature
 * dropout, label smoothing and averaging of the last epochs. What is made small is the sum of
 * -log P(class) and groupWeight * -log P(group), the latter being the sum over the group's classes.
 *
 * @param onEpoch told how many epochs are done.
 */
export function trainSoftmax(
  rows: SparseRows,
  features: number,
  classes: Classes,
  settings: SoftmaxSettings,
  onEpoch: (done: number) => void,
): TrainedWeights {
  const trainer = new SoftmaxTrainer(rows, features, classes, settings);
  const { count } = classes;
  const sum = { weights: new Float32Array(features * count), biases: new Float32Array(count) };
  for (let epoch = 0; epoch < settings.epochs; epoch += 1) {
    trainer.epoch();
    if (epoch >= settings.epochs - settings.averaged) {
      addScaled(sum.weights, trainer.weights, 1 / settings.averaged);
      addScaled(sum.biases, trainer.biases, 1 / settings.averaged);
    }
    onEpoch(epoch + 1);
  }
  return sum;
}

class SoftmaxTrainer {
  readonly weights: Float32Array;
  readonly biases: Float32Array;
  readonly #squares: Float32Array;
  readonly #biasSquares: Float32Array;
  readonly #groups: Int32Array;
  readonly #groupSizes: number[];
  readonly #errors: Float64Array;
  readonly #order: Int32Array;
  readonly #kept: Int32Array;
  readonly #random: () => number;

  constructor(
    private readonly rows: SparseRows,
    features: number,
    { count, groups }: Classes,
    private readonly settings: SoftmaxSettings,
  ) {
    this.#groups = groups;
    this.#groupSizes = Array.from(groups, (group) => groups.filter((one) => one === group).length);
    this.weights = new Float32Array(features * count);
    this.#squares = new Float32Array(features * count);
    this.biases = new Float32Array(count);
    this.#biasSquares = new Float32Array(count);
    this.#errors = new Float64Array(count);
    this.#order = Int32Array.from(rows.targets, (_, index) => index);
    this.#kept = new Int32Array(rows.columns.length);
    this.#random = seededRandom(settings.seed);
  }

  epoch(): void {
    shuffle(this.#order, this.#random);
    for (const message of this.#order) {
      const kept = this.#keepSome(message);
      this.#computeErrors(message, kept);
      this.#step(kept);
    }
  }

  #keepSome(message: number): number {
    let kept = 0;
    const end = this.rows.starts[message + 1] ?? 0;
    for (let at = this.rows.starts[message] ?? 0; at < end; at += 1) {
      if (this.#random() >= this.settings.dropout) this.#kept[kept++] = at;
    }
    return kept;
  }

  /** Fills the errors: the slope of the loss by the score of each class. */
  #computeErrors(message: number, kept: number): void {
    const { rows } = this;
    const errors = this.#errors;
    const classes = errors.length;
    errors.set(this.biases);
    for (let index = 0; index < kept; index += 1) {
      const at = this.#kept[index] ?? 0;
      const value = rows.values[at] ?? 0;
      const offset = (rows.columns[at] ?? 0) * classes;
      for (let one = 0; one < classes; one += 1) {
        errors[one] = (errors[one] ?? 0) + value * (this.weights[offset + one] ?? 0);
      }
    }
    softmax(errors, 1);
    this.#subtractWanted(rows.targets[message] ?? 0);
  }

  /** Makes the errors, so far probabilities, what the loss asks for. */
  #subtractWanted(target: number): void {
    const { smoothing, groupSmoothing, groupWeight } = this.settings;
    const errors = this.#errors;
    const groups = this.#groups;
    const group = groups[target];
    let inGroup = 1e-6;
    for (let one = 0; one < errors.length; one += 1) if (groups[one] === group) inGroup += errors[one] ?? 0;
    const everywhere = (smoothing * (1 - groupSmoothing)) / errors.length;
    const nearby = (smoothing * groupSmoothing) / (this.#groupSizes[target] ?? 1);
    for (let one = 0; one < errors.length; one += 1) {
      const probability = errors[one] ?? 0;
      const near = groups[one] === group;
      const surplus = near ? 1 - 1 / inGroup : 1;
      const wanted = everywhere + (near ? nearby : 0) + (one === target ? 1 - smoothing : 0);
      errors[one] = probability - wanted + groupWeight * probability * surplus;
    }
  }

  #step(kept: number): void {
    const { rows } = this;
    const { rate } = this.settings;
    const errors = this.#errors;
    const classes = errors.length;
    for (let one = 0; one < classes; one += 1) {
      const error = errors[one] ?? 0;
      const square = (this.#biasSquares[one] ?? 0) + error * error;
      this.#biasSquares[one] = square;
      this.biases[one] =
        (this.biases[one] ?? 0) - (rate * BIAS_RATE * error) / Math.sqrt(square + BIAS_FLOOR);
    }
    for (let index = 0; index < kept; index += 1) {
      const at = this.#kept[index] ?? 0;
      const value = rows.values[at] ?? 0;
      const offset = (rows.columns[at] ?? 0) * classes;
      for (let one = 0; one < classes; one += 1) {
        const slope = value * (errors[one] ?? 0);
        const square = (this.#squares[offset + one] ?? 0) + slope * slope;
        this.#squares[offset + one] = square;
        const weight = this.weights[offset + one] ?? 0;
        this.weights[offset + one] = weight - (rate * slope) / Math.sqrt(square + WEIGHT_FLOOR);
      }
    }
  }
}

/** Adds a multiple of one array to another. */
export function addScaled(sum: Float32Array, part: Float32Array, factor: number): void {
  for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + (part[at] ?? 0) * factor;
}
