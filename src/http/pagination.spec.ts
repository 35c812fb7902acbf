import fc from 'fast-check';
import { DomainError } from '../errors/domain-error.js';
import { decodeCursor, pageQuery, toPage } from './pagination.js';

const time = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const id = fc.uuid();
const number = fc.maxSafeInteger();
const WORDS = ['low', 'high'];

describe('a cursor', () => {
  const cursorOf = (position: readonly (string | number)[]) =>
    toPage([1, 2], 1, () => position, String).nextCursor ?? '';

  it('leads back to where it was given out', () => {
    fc.assert(
      fc.property(time, id, number, (at, item, place) => {
        expect(decodeCursor(cursorOf([at, item]), ['time', 'id'])).toEqual([at, item]);
        expect(decodeCursor(cursorOf([item]), ['id'])).toEqual([item]);
        expect(decodeCursor(cursorOf([place]), ['number'])).toEqual([place]);
        expect(decodeCursor(cursorOf(['high', item]), [WORDS, 'id'])).toEqual(['high', item]);
      }),
    );
  });

  it('is refused by a list that sorts by something else', () => {
    fc.assert(
      fc.property(time, id, number, (at, item, place) => {
        for (const [position, order] of [
          [
            [item, at],
            ['time', 'id'],
          ],
          [[at], ['id']],
          [[place], ['id']],
          [[item], ['number']],
          [[item], [WORDS]],
          [[place], [WORDS]],
          [
            [at, item, item],
            ['time', 'id'],
          ],
          [[], ['id']],
        ] as const) {
          expect(() => decodeCursor(cursorOf(position), order)).toThrow(DomainError);
        }
      }),
    );
  });

  it('is refused, whatever else it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.base64String()), (text) => {
        expect(() => decodeCursor(text, ['id'])).toThrow(/cursor/);
        expect(() => decodeCursor(Buffer.from(text).toString('base64url'), ['time', 'id'])).toThrow(/cursor/);
      }),
    );
  });

  it('may not name a time that no calendar has', () => {
    for (const at of ['2026-02-30T00:00:00.000Z', '2026-13-01T00:00:00.000Z', '0000-01-01T00:00:00.000Z']) {
      expect(() => decodeCursor(cursorOf([at]), ['time'])).toThrow(DomainError);
    }
  });
});

describe('a page', () => {
  it('shows at most as many rows as the limit, and says whether there are more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), (rows, limit) => {
        const read = rows.slice(0, limit + 1);
        const { data, nextCursor } = toPage(read, limit, (row) => [row], String);
        expect(data).toEqual(read.slice(0, limit).map(String));
        expect(nextCursor !== null).toBe(rows.length > limit);
        if (nextCursor) expect(decodeCursor(nextCursor, ['number'])).toEqual([read[limit - 1]]);
      }),
    );
  });

  it('has 50 rows by default, and up to 200', () => {
    expect(pageQuery.limit.parse(undefined)).toBe(50);
    expect(pageQuery.limit.parse('200')).toBe(200);
    expect(pageQuery.limit.safeParse('201').success).toBe(false);
  });
});
