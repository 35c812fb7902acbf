import fc from 'fast-check';
import { DomainError } from '../errors/domain-error.js';
import { decodeCursor, pageQuery, toPage } from './pagination.js';

const time = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const id = fc.uuid();
const number = fc.maxSafeInteger();
const WORDS = ['low', 'high'];
const UUID = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

describe('a cursor', () => {
  const cursorOf = (position: readonly (string | number)[]) =>
    toPage('queue', [1, 2], 1, () => position, String).nextCursor ?? '';

  it('leads back to where it was given out', () => {
    fc.assert(
      fc.property(time, id, number, (at, item, place) => {
        expect(decodeCursor('queue', cursorOf([at, item]), ['time', 'id'])).toEqual([at, item]);
        expect(decodeCursor('queue', cursorOf([item]), ['id'])).toEqual([item]);
        expect(decodeCursor('queue', cursorOf([place]), ['number'])).toEqual([place]);
        expect(decodeCursor('queue', cursorOf(['high', item]), [WORDS, 'id'])).toEqual(['high', item]);
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
          expect(() => decodeCursor('queue', cursorOf(position), order)).toThrow(DomainError);
        }
      }),
    );
  });

  it('is refused, whatever else it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.base64String()), (text) => {
        expect(() => decodeCursor('queue', text, ['id'])).toThrow(/cursor/);
        expect(() => decodeCursor('queue', Buffer.from(text).toString('base64url'), ['time', 'id'])).toThrow(
          /cursor/,
        );
      }),
    );
  });

  it('is refused by another list that sorts by the same, and says so', () => {
    const fault = { path: 'cursor', message: 'belongs to another list; leave it out to begin anew' };
    const cursor = cursorOf([UUID]);
    expect(() => decodeCursor('drafts', cursor, ['id'])).toThrow(
      expect.objectContaining({ more: { errors: [fault] } }),
    );
  });

  it('goes on working where it was given out before cursors named their list', () => {
    const before = Buffer.from(JSON.stringify([UUID])).toString('base64url');
    expect(decodeCursor('queue', before, ['id'])).toEqual([UUID]);
  });

  it('may not name a time that no calendar has', () => {
    for (const at of ['2026-02-30T00:00:00.000Z', '2026-13-01T00:00:00.000Z', '0000-01-01T00:00:00.000Z']) {
      expect(() => decodeCursor('queue', cursorOf([at]), ['time'])).toThrow(DomainError);
    }
  });
});

describe('a page', () => {
  it('shows at most as many rows as the limit, and says whether there are more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), (rows, limit) => {
        const read = rows.slice(0, limit + 1);
        const { data, nextCursor } = toPage('queue', read, limit, (row) => [row], String);
        expect(data).toEqual(read.slice(0, limit).map(String));
        expect(nextCursor !== null).toBe(rows.length > limit);
        if (nextCursor) expect(decodeCursor('queue', nextCursor, ['number'])).toEqual([read[limit - 1]]);
      }),
    );
  });

  it('has 50 rows by default, and up to 200', () => {
    expect(pageQuery.limit.parse(undefined)).toBe(50);
    expect(pageQuery.limit.parse('200')).toBe(200);
    expect(pageQuery.limit.safeParse('201').success).toBe(false);
  });

  it.each(['', ' 5', '+5', '-5', '0x10', '1e2', '1.5', 'many', '9'.repeat(20), ['1', '2']])(
    'takes digits alone as its limit, and says so: %j',
    (given) => {
      const { error } = pageQuery.limit.safeParse(given);
      expect(error?.issues.map(({ message }) => message)).toEqual([
        'must be a whole number from 1 to 200, in digits; leave it out for 50',
      ]);
    },
  );
});
