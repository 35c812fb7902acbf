import { z } from 'zod';
import { invalidInput } from '../errors/domain-error.js';

/** The query parameters that every list takes. */
export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .describe('how many items to return')
    .meta({ example: 50 }),
  cursor: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('where to go on: the `nextCursor` of the page before; leave it out to begin')
    .meta({ example: 'WyIwMTlhYTVjNi03YjQwLTdjM2UtOWQ1MS0yZjZhOGIxYzRlNzAiXQ' }),
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

/** A place in a list: the sort values of the last item that was returned. */
export type Position = readonly (string | number)[];

/** What a list sorts by; a list of words stands for one of them. */
type SortValue = 'id' | 'time' | 'number' | readonly string[];

/**
 * Reads a cursor that a list of the same order gave out.
 *
 * @param order what this list sorts by
 * @throws DomainError for anything else
 */
export function decodeCursor(cursor: string, order: readonly SortValue[]): Position {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(position) && position.length === order.length) {
      if (order.every((kind, index) => isA(kind, position[index]))) return position;
    }
  } catch {
    // Not ours; said below.
  }
  throw invalidInput([
    { path: 'cursor', message: 'is not a cursor of this list; leave it out to begin anew' },
  ]);
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
 * @param positionOf the sort values of a row, in the order that the list is sorted by
 */
export function toPage<Row, T>(
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
    nextCursor: hasMore ? Buffer.from(JSON.stringify(positionOf(last))).toString('base64url') : null,
  };
}
