import { type Reading, softmax } from '../linear-model.js';
import { certaintyOf } from '../model-verdict.js';
import type { LabelledMessage } from './labelled-message.js';
import { type Calibration, isClassOf } from './model-trainer.js';

/** What an uncalibrated model made of a message that it was not trained on. */
export interface LabelledReading {
  message: LabelledMessage;
  reading: Reading;
}

/**
 * Which share of messages like those trained on may be taken for unlike them. At 0.02 only half as many
 * everyday messages slip through, but almost one message of a hundred loses its right category.
 */
const TOLERATED_UNKNOWN = 0.005;

/** Few messages say little about the unusual ones: no more certainty than this is ever asked. */
const MOST_ASKED = 0.3;

const SHARPNESSES = Array.from({ length: 36 }, (_, index) => Math.round(100 * 0.5 * 1.06 ** index) / 100);

/**
 * Finds how sharp probabilities must be to be honest (the least negative log-likelihood), and, for each
 * alphabet, the certainty that all but a few of the messages reach.
 */
export function calibrate(readings: readonly LabelledReading[]): Calibration {
  const inDomain = readings.filter(({ message }) => message.category !== null);
  let best = { sharpness: 1, loss: Number.POSITIVE_INFINITY };
  for (const sharpness of inDomain.length === 0 ? [] : SHARPNESSES) {
    const loss = lossOf(inDomain, sharpness);
    if (loss < best.loss) best = { sharpness, loss };
  }
  const { sharpness } = best;
  const latin: number[] = [];
  const cyrillic: number[] = [];
  for (const { reading } of inDomain) {
    const certainty = certaintyOf({ ...reading, probabilities: sharpened(reading, sharpness) });
    (reading.cyrillic ? cyrillic : latin).push(certainty);
  }
  return {
    sharpness,
    leastCertainty: { latin: reachedByMost(latin), cyrillic: reachedByMost(cyrillic) },
  };
}

function lossOf(readings: readonly LabelledReading[], sharpness: number): number {
  let loss = 0;
  for (const { message, reading } of readings) {
    const right = reading.classes.findIndex((one) => isClassOf(one, message));
    loss -= Math.log(Math.max(sharpened(reading, sharpness)[right] ?? 0, 1e-12));
  }
  return loss;
}

/** The probabilities that a model with this sharpness would have given, where 1 gave those of the reading. */
function sharpened({ probabilities }: Reading, sharpness: number): Float64Array {
  const scores = probabilities.map((one) => Math.log(Math.max(one, 1e-300)));
  softmax(scores, sharpness);
  return scores;
}

function reachedByMost(certainties: number[]): number {
  const least = certainties.sort((a, b) => a - b)[Math.floor(certainties.length * TOLERATED_UNKNOWN)] ?? 0;
  return Math.floor(Math.min(least, MOST_ASKED) * 1e4) / 1e4;
}
