/** Unicode's control characters (general category Cc), but for tab and newline. */
const CONTROL = /(?![\t\n])\p{Cc}/gu;

/** The longest content, in characters (code points). */
export const CONTENT_LIMIT = 10_000;

/**
 * Content in its stored form: without control characters other than tab and newline, in Unicode's composed form
 * (NFC). In this order, because a control character can stand between a letter and its accent.
 */
export function normaliseContent(text: string): string {
  return text.replace(CONTROL, '').normalize('NFC');
}

/** How many characters (code points) a text has, as far as that matters: counting stops above the limit. */
export function countCharacters(text: string, limit: number): number {
  if (text.length <= limit || text.length > limit * 2) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Whether PostgreSQL can store a text and Unicode calls it one: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
