import type { LabelledMessage } from './labelled-message.js';
import { seededRandom, shuffle } from './seeded-random.js';

/**
 * Deals messages out into parts of the same size and of the same mixture of categories, priorities and
 * languages. The same messages and seed give the same parts.
 */
export function dealIntoFolds(
  messages: readonly LabelledMessage[],
  folds: number,
  seed: number,
): LabelledMessage[][] {
  const groups = new Map<string, LabelledMessage[]>();
  for (const message of messages) {
    const key = JSON.stringify([message.category, message.priority, message.language]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  const random = seededRandom(seed);
  const parts = Array.from({ length: folds }, (): LabelledMessage[] => []);
  let dealt = 0;
  for (const group of groups.values()) {
    shuffle(group, random);
    for (const message of group) {
      parts[dealt % folds]?.push(message);
      dealt += 1;
    }
  }
  return parts;
}
