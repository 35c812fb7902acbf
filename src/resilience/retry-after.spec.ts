import { retryAfter } from './retry-after.js';

const now = Date.parse('2026-11-21T09:00:00Z');
const HOUR = 3_600_000;
const wait = (header: string | string[] | undefined, max = HOUR) => retryAfter(header, now, max);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['1', 1_000],
    [' 120 ', 120_000],
    ['3600', HOUR],
    ['3601', HOUR],
    ['99999999999999999999999999', HOUR],
  ])('is seconds, within limits: %j', (header, expected) => {
    expect(wait(header)).toBe(expected);
  });

  it.each([
    ['IMF-fixdate', 'Sat, 21 Nov 2026 09:00:30 GMT', 30_000],
    ['of RFC 850', 'Saturday, 21-Nov-26 09:00:30 GMT', 30_000],
    ['of asctime', 'Sat Nov 21 09:00:30 2026', 30_000],
    ['of asctime, with one digit', 'Tue Dec  1 09:00:00 2026', 10 * 24 * HOUR],
    ['with a day of the week that is wrong', 'Mon, 21 Nov 2026 09:00:30 GMT', 30_000],
    ['now', 'Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['in the past', 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['in the past, in two digits', 'Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['in fifty years, in two digits', 'Saturday, 21-Nov-76 09:00:00 GMT', 1_000 * HOUR],
    ['in more than fifty, which means the past', 'Saturday, 21-Nov-77 09:00:00 GMT', 0],
    ['far ahead', 'Fri, 31 Dec 9999 23:59:59 GMT', 1_000 * HOUR],
  ])('is a date: %s', (_what, header, expected) => {
    expect(wait(header, 1_000 * HOUR)).toBe(expected);
  });

  it.each([
    undefined,
    '',
    'soon',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '2026-11-21T09:00:30Z',
    'Sat, 21 Nov 2026 09:00:30 CET',
    'Sat, 31 Nov 2026 09:00:30 GMT',
    'Sat, 00 Nov 2026 09:00:30 GMT',
    'Sat, 21 Nov 2026 25:00:00 GMT',
    'Sat, 21 Nox 2026 09:00:00 GMT',
    'x Sat, 21 Nov 2026 09:00:30 GMT',
  ])('says nothing where it is %j', (header) => {
    expect(wait(header)).toBeNull();
  });

  it('counts once where it is there twice', () => {
    expect(wait(['5', '10'])).toBe(5_000);
  });
});
