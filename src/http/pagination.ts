import { z } from 'zod';
import { type DomainError, invalidInput } from '../errors/domain-error.js';

const LIMIT_FORM = 'must be a whole number from 1 to 200, in digits; leave it out for 50';

/** A number that is too small or too large is told so in the words of all numbers. */
const limitFault = ({ code }: { code?: string }) => (code === 'invalid_type' ? LIMIT_FORM : undefined);

/** Number() would also take 0x10, 1e2, +5 and a blank. */
const limit = z
  .preprocess(
    (given) => (typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : given),
    z.int({ error: limitFault }).min(1).max(200),
  )
  .prefault(50);

/** The query parameters that every list takes. */
export const pageQuery = {
  limit: limit.describe('how many items to return').meta({ example: 50 }),
  cursor: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('where to go on: the `nextCursor` of the page before; leave it out to begin')
    .meta({ example: cursorOf('messages', ['019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70']) }),
};

/** One page of a list; a list never counts its table. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/** The schema of a page of the given items. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({
      data: z.array(item).describe('the items, in the order of the list'),
      nextCursor: z
        .string()
        .nullable()
        .describe('the `cursor` of the next page; null at the end of the list'),
    })
    .meta({ id });
}

/** The schema of a list that is short and answered as a whole: the form is that of a page, and no other follows. */
export function wholeListOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({
      data: z.array(item).describe('all items'),
      nextCursor: z.null().describe('there is no further page'),
    })
    .meta({ id });
}

/** A place in a list: the sort values of the last item that was returned. */
export type Position = readonly (string | number)[];

/** What a list sorts by; a list of words stands for one of them. */
type SortValue = 'id' | 'time' | 'number' | readonly string[];

/** Its list stands in a cursor, so that no other one of the same order takes it. */
function cursorOf(list: string, position: Position): string {
  return Buffer.from(JSON.stringify([list, ...position])).toString('base64url');
}

/**
 * Reads a cursor that this list gave out. One that names no list was given out before cursors did: whoever was reading
 * while Otklik was upgraded goes on.
 *
 * @param list as it was named to `toPage`
 * @param order what this list sorts by
 * @throws DomainError for anything else
 */
export function decodeCursor(list: string, cursor: string, order: readonly SortValue[]): Position {
  const words = wordsOf(cursor);
  const [name, ...position] = words;
  if (isPosition(position, order)) {
    if (name === list) return position;
    if (typeof name === 'string') throw refusal('belongs to another list; leave it out to begin anew');
  }
  if (isPosition(words, order)) return words;
  throw refusal('is not a cursor of this list; leave it out to begin anew');
}

function refusal(message: string): DomainError {
  return invalidInput([{ path: 'cursor', message }]);
}

function wordsOf(cursor: string): readonly unknown[] {
  try {
    const words: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(words) ? words : [];
  } catch {
    return [];
  }
}

function isPosition(words: readonly unknown[], order: readonly SortValue[]): words is Position {
  return words.length === order.length && order.every((kind, index) => isA(kind, words[index]));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

const IS: Readonly<Record<SortValue & string, (value: unknown) => boolean>> = {
  id: (value) => typeof value === 'string' && UUID.test(value),
  time: (value) => typeof value === 'string' && TIME.test(value) && isOfTheCalendar(value),
  number: Number.isSafeInteger,
};

function isA(kind: SortValue, value: unknown): boolean {
  return typeof kind === 'string' ? IS[kind](value) : kind.some((word) => word === value);
}

/** JavaScript takes February 30 for March 2; PostgreSQL refuses it. */
function isOfTheCalendar(time: string): boolean {
  const date = new Date(time);
  return !Number.isNaN(date.getTime()) && date.toISOString() === time;
}

/**
 * Makes a page from rows that were read with one more than the limit.
 *
 * @param list a short name that no other list has
 * @param positionOf the sort values of a row, in the order that the list is sorted by
 */
export function toPage<Row, T>(
  list: string,
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
  show: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    data: shown.map(show),
    nextCursor: hasMore ? cursorOf(list, positionOf(last)) : null,
  };
}
