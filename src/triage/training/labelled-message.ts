import { PRIORITIES, type Priority } from '../../conversations/priority.js';

/** A message of which people have said what it is. */
export interface LabelledMessage {
  text: string;
  /** Null: about nothing the team handles. */
  category: string | null;
  priority: Priority;
  /** Where the data names it: the language of the text, for figures per language. */
  language: string | null;
}

/** Which priority the messages of a category have, where a message does not say it itself. */
export type PriorityByCategory = Readonly<Record<string, Priority>>;

/** Training data that cannot be used; the message says which file or row, and why. */
export class TrainingInputError extends Error {
  override name = 'TrainingInputError';
}

/** What a source of messages says about one of them; empty and missing mean the same. */
export interface RawLabel {
  text: string;
  category: string | null | undefined;
  priority: string | null | undefined;
  language?: string | null | undefined;
}

/**
 * Completes a label: the message's own priority first, then that of its category.
 *
 * @throws TrainingInputError naming `where`, when no priority follows or it is none of ours.
 */
export function labelled(raw: RawLabel, priorities: PriorityByCategory, where: string): LabelledMessage {
  const category = raw.category?.trim() || null;
  const language = raw.language?.trim() || null;
  const own = raw.priority?.trim() || null;
  if (own !== null) {
    return { text: raw.text, category, priority: knownPriority(own, where), language };
  }
  if (category === null) throw new TrainingInputError(`${where}: neither a category nor a priority`);
  const priority = Object.hasOwn(priorities, category) ? priorities[category] : undefined;
  if (priority === undefined) {
    throw new TrainingInputError(
      `${where}: category "${category}" has no priority; name it in the file given with --priorities`,
    );
  }
  return { text: raw.text, category, priority, language };
}

/** @throws TrainingInputError naming `where`, when the word is none of the priorities. */
export function knownPriority(word: string, where: string): Priority {
  const priority = PRIORITIES.find((one) => one === word);
  if (priority !== undefined) return priority;
  throw new TrainingInputError(`${where}: "${word}" is no priority; use one of ${PRIORITIES.join(', ')}`);
}
