import type { Priority } from '../conversations/priority.js';

/** What triage decided about one message. */
export interface TriageVerdict {
  priority: Priority;
  /** What the message is about, in the words of the training data; null when triage cannot tell. */
  category: string | null;
  /** How sure triage is of the category and its priority, 0 to 1; at most 0.3 when it cannot tell. */
  confidence: number;
}
