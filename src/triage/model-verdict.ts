import { PRIORITIES, type Priority } from '../conversations/priority.js';
import type { Certainties, Reading } from './linear-model.js';
import type { TriageVerdict } from './triage-verdict.js';

/** The most confidence a message gets of which the model knows no category. */
const UNKNOWN_CONFIDENCE = 0.3;

/** What follows from what a model says. */
export function verdictOf(reading: Reading, leastCertainty: Certainties): TriageVerdict {
  const certainty = certaintyOf(reading);
  const priority = likeliestPriority(reading);
  const best = likeliestClass(reading, priority);
  const { category } = reading.classes[best] ?? { category: null };
  if (certainty === 0 || certainty < (reading.cyrillic ? leastCertainty.cyrillic : leastCertainty.latin)) {
    return { priority: 'normal', category: null, confidence: Math.min(certainty, UNKNOWN_CONFIDENCE) };
  }
  const confidence = reading.probabilities[best] ?? 0;
  return {
    priority,
    category,
    confidence: category === null ? Math.min(confidence, UNKNOWN_CONFIDENCE) : confidence,
  };
}

/**
 * How sure one can be that the message is like those trained on: how likely the model finds its likeliest
 * category, times the share of the message's words it has ever seen. Either alone is fooled, the first by
 * one familiar word among strange ones, the second by familiar words that mean something else.
 */
export function certaintyOf(reading: Reading): number {
  let best = 0;
  reading.classes.forEach(({ category }, index) => {
    if (category !== null) best = Math.max(best, reading.probabilities[index] ?? 0);
  });
  return best * reading.knownShare;
}

/** The priority whose classes are likeliest together: better than that of the likeliest class alone. */
function likeliestPriority(reading: Reading): Priority {
  let best: Priority = 'normal';
  let most = -1;
  for (const priority of PRIORITIES) {
    let sum = 0;
    reading.classes.forEach((one, index) => {
      if (one.priority === priority) sum += reading.probabilities[index] ?? 0;
    });
    if (sum > most) [best, most] = [priority, sum];
  }
  return best;
}

function likeliestClass(reading: Reading, priority: Priority): number {
  let best = -1;
  reading.classes.forEach((one, index) => {
    const better = best < 0 || (reading.probabilities[index] ?? 0) > (reading.probabilities[best] ?? 0);
    if (one.priority === priority && better) best = index;
  });
  return best;
}
