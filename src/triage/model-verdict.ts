import { PRIORITIES, type Priority } from '../conversations/priority.js';
import type { LinearModel } from './linear-model.js';
import type { TriageVerdict } from './triage-verdict.js';

/** The most confidence a message gets that is unlike anything the model was trained on. */
const UNKNOWN_CONFIDENCE = 0.3;

/** What the model makes of the message it read last. */
export function verdictOf(model: LinearModel): TriageVerdict {
  const certainty = certaintyOf(model);
  const priority = likeliestPriority(model);
  const best = likeliestClass(model, priority);
  const { category } = model.data.classes[best] ?? { category: null };
  if (certainty === 0 || certainty < model.data.leastCertainty) {
    return { priority: 'normal', category: null, confidence: Math.min(certainty, UNKNOWN_CONFIDENCE) };
  }
  return { priority, category, confidence: model.probabilities[best] ?? 0 };
}

/**
 * How sure one can be that the message is like those trained on: how likely the model finds its likeliest
 * category, times the share of the message's words it has ever seen. Either alone is fooled, the first by
 * one familiar word among strange ones, the second by familiar words that mean something else.
 */
export function certaintyOf(model: LinearModel): number {
  let best = 0;
  model.data.classes.forEach(({ category }, index) => {
    if (category !== null) best = Math.max(best, model.probabilities[index] ?? 0);
  });
  return best * model.knownShare;
}

/** The priority whose classes are likeliest together: better than that of the likeliest class alone. */
function likeliestPriority(model: LinearModel): Priority {
  let best: Priority = 'normal';
  let most = -1;
  for (const priority of PRIORITIES) {
    let sum = 0;
    model.data.classes.forEach((one, index) => {
      if (one.priority === priority) sum += model.probabilities[index] ?? 0;
    });
    if (sum > most) [best, most] = [priority, sum];
  }
  return best;
}

function likeliestClass(model: LinearModel, priority: Priority): number {
  let best = -1;
  model.data.classes.forEach((one, index) => {
    const better = best < 0 || (model.probabilities[index] ?? 0) > (model.probabilities[best] ?? 0);
    if (one.priority === priority && better) best = index;
  });
  return best;
}
