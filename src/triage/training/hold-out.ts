import type { LabelledMessage } from './labelled-message.js';
import { seededRandom, shuffle } from './seeded-random.js';

/** A training part and a part that training never sees. */
export interface HoldOut {
  train: LabelledMessage[];
  heldOut: LabelledMessage[];
}

/**
 * Splits messages so that every category and language gives the same share to the held-out part. The same
 * messages and seed give the same split. A group of one message is only trained on.
 *
 * @param share how much is held out, 0 to 1.
 */
export function holdOut(messages: readonly LabelledMessage[], share: number, seed: number): HoldOut {
  const groups = new Map<string, LabelledMessage[]>();
  for (const message of messages) {
    const key = JSON.stringify([message.category, message.priority, message.language]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  const random = seededRandom(seed);
  const split: HoldOut = { train: [], heldOut: [] };
  for (const group of groups.values()) {
    shuffle(group, random);
    const held = group.length < 2 ? 0 : Math.round(group.length * share);
    split.heldOut.push(...group.slice(0, held));
    split.train.push(...group.slice(held));
  }
  return split;
}
