import { LinearModel, type ModelData } from '../linear-model.js';
import { certaintyOf } from '../model-verdict.js';
import { MessageTokens } from '../text/message-tokens.js';
import type { LabelledMessage } from './labelled-message.js';
import { type Calibration, probabilityOf } from './model-trainer.js';

/** Which share of messages like those trained on may be taken for unlike them. */
export const TOLERATED_UNKNOWN = 0.02;

/** Few held-out messages say little about the unusual ones: no more certainty than this is ever asked. */
const MOST_ASKED = 0.3;

const SHARPNESSES = Array.from({ length: 36 }, (_, index) => Math.round(100 * 0.5 * 1.06 ** index) / 100);

/**
 * Finds, on messages the model was not trained on, how sharp its probabilities must be to be honest (the
 * least negative log-likelihood), and the certainty that all but a few of those messages reach.
 */
export function calibrate(data: ModelData, heldOut: readonly LabelledMessage[]): Calibration {
  const inDomain = heldOut.filter(({ category }) => category !== null);
  if (inDomain.length === 0) return { sharpness: 1, leastCertainty: 0 };
  let best = { sharpness: 1, loss: Number.POSITIVE_INFINITY };
  for (const sharpness of SHARPNESSES) {
    const loss = lossOf(new LinearModel({ ...data, sharpness }), inDomain);
    if (loss < best.loss) best = { sharpness, loss };
  }
  const model = new LinearModel({ ...data, sharpness: best.sharpness });
  const tokens = new MessageTokens();
  const certainties = inDomain
    .map(({ text }) => certaintyOf(model.read(tokens.read(text))))
    .sort((a, b) => a - b);
  const least = certainties[Math.floor(certainties.length * TOLERATED_UNKNOWN)] ?? 0;
  return { sharpness: best.sharpness, leastCertainty: Math.floor(Math.min(least, MOST_ASKED) * 1e4) / 1e4 };
}

function lossOf(model: LinearModel, messages: readonly LabelledMessage[]): number {
  const tokens = new MessageTokens();
  let loss = 0;
  for (const message of messages) {
    model.read(tokens.read(message.text));
    loss -= Math.log(Math.max(probabilityOf(model, message), 1e-12));
  }
  return loss;
}
