import { jest } from '@jest/globals';
import fc from 'fast-check';
import { DateTime, IANAZone } from 'luxon';
import { BusinessHours } from '../src/reminders/business-hours/business-hours.js';
import {
  type OpeningInterval,
  type OpeningRules,
  timeOfDay,
  WEEKDAYS,
  type Weekday,
} from '../src/reminders/business-hours/opening-rules.js';
import { DAY, HOUR, MINUTE } from './support/settable-clock.js';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/St_Johns',
  'Africa/Casablanca',
];

/** Years that hold what is odd: Apia skipped 2011-12-30, and 2012, 2024 and 2028 are leap years. */
const moments = fc
  .tuple(
    fc.constantFrom('2011-12-20', '2012-02-20', '2024-02-26', '2026-03-20', '2026-10-20', '2027-03-08'),
    fc.integer({ min: 0, max: 21 * DAY }),
  )
  .map(([date, offset]) => Date.parse(date) + offset);

const delays = fc.oneof(
  fc.integer({ min: 0, max: 4 * DAY }),
  fc.integer({ min: 0, max: 100 }).map((hours) => hours * HOUR),
);

const time = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** Intervals of a day that do not overlap: every two of a sorted set of times. */
const days: fc.Arbitrary<OpeningInterval[]> = fc
  .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 1440 }), fc.constantFrom(0, 120, 180, 540, 1440)), {
    maxLength: 6,
  })
  .map((minutes) => {
    const sorted = minutes.toSorted((a, b) => a - b);
    return Array.from(
      { length: Math.floor(sorted.length / 2) },
      (_, index): OpeningInterval => [time(sorted[2 * index] ?? 0), time(sorted[2 * index + 1] ?? 0)],
    );
  });

const rules: fc.Arbitrary<OpeningRules> = fc
  .record({
    timezone: fc.constantFrom(...ZONES),
    week: fc.record(Object.fromEntries(WEEKDAYS.map((day) => [day, days])) as Record<Weekday, typeof days>),
    holidays: fc.subarray([
      '2011-12-31',
      '2012-02-29',
      '2024-02-29',
      '2026-03-29',
      '2026-10-25',
      '2026-11-01',
    ]),
  })
  .filter(({ week }) => Object.values(week).some((intervals) => intervals.length > 0));

/** What the definition says, asked of luxon for one moment. */
function isOpen({ timezone, week, holidays }: OpeningRules, at: number): boolean {
  const local = DateTime.fromMillis(at, { zone: timezone });
  if (holidays.includes(local.toFormat('yyyy-MM-dd'))) return false;
  const clock = ((local.hour * 60 + local.minute) * 60 + local.second) * 1000 + local.millisecond;
  const weekday = WEEKDAYS[local.weekday - 1];
  const intervals = (weekday && week[weekday]) ?? [];
  return intervals.some(([opens, closes]) => timeOfDay(opens) <= clock && clock < timeOfDay(closes));
}

/** Walks from minute to minute; right where all that happens, happens at full minutes. */
function slowAdd(of: OpeningRules, from: number, delay: number, limit: number): number | undefined {
  let left = delay;
  for (let minute = from; minute < limit; minute += MINUTE) {
    if (!isOpen(of, minute)) continue;
    if (left === 0) return minute;
    left -= MINUTE;
  }
  return undefined;
}

describe('business time', () => {
  it('never ends earlier than the plain delay, and only while it is open', () => {
    fc.assert(
      fc.property(rules, moments, delays, (of, from, delay) => {
        const at = new BusinessHours(of).add(from, delay);
        expect(at).toBeGreaterThanOrEqual(from + delay);
        expect(isOpen(of, at)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('has exactly the delay of open time in between', () => {
    fc.assert(
      fc.property(rules, moments, delays, (of, from, delay) => {
        const hours = new BusinessHours(of);
        expect(hours.between(from, hours.add(from, delay))).toBe(delay);
      }),
    );
  });

  it('grows with the beginning and with the delay', () => {
    fc.assert(
      fc.property(rules, moments, delays, fc.nat(3 * DAY), (of, from, delay, more) => {
        const hours = new BusinessHours(of);
        const at = hours.add(from, delay);
        expect(hours.add(from + more, delay)).toBeGreaterThanOrEqual(at);
        expect(hours.add(from, delay + more)).toBeGreaterThanOrEqual(at + more);
      }),
      { numRuns: 500 },
    );
  });

  it('adds up: two delays one after the other are their sum', () => {
    fc.assert(
      fc.property(rules, moments, delays, delays, (of, from, first, second) => {
        const hours = new BusinessHours(of);
        expect(hours.add(hours.add(from, first), second)).toBe(hours.add(from, first + second));
      }),
      { numRuns: 500 },
    );
  });

  it('is what one finds minute by minute', () => {
    fc.assert(
      fc.property(rules, moments, fc.integer({ min: 0, max: 600 }), (of, from, minutes) => {
        const begin = from - (from % MINUTE);
        const found = slowAdd(of, begin, minutes * MINUTE, begin + 4 * DAY);
        const at = new BusinessHours(of).add(begin, minutes * MINUTE);
        if (found === undefined) expect(at).toBeGreaterThanOrEqual(begin + 4 * DAY);
        else expect(at).toBe(found);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('looks at the clocks of the zone once for all that is planned in the same weeks', () => {
    const looks = jest.spyOn(IANAZone.prototype, 'offset');
    const week = { mon: [['09:00', '17:00'] as const] };
    const hours = new BusinessHours({ timezone: 'Europe/Riga', week, holidays: [] });
    const from = Date.parse('2026-11-21T09:00:00Z');
    const first = hours.add(from, 8 * HOUR);
    expect(looks.mock.calls.length).toBeGreaterThan(0);
    looks.mockClear();
    for (let message = 0; message < 100; message++) hours.add(from + message, HOUR);
    expect(hours.add(from, 8 * HOUR)).toBe(first);
    expect(looks).not.toHaveBeenCalled();
    looks.mockRestore();
  });

  it('needs hours that are open at all', () => {
    expect(() => new BusinessHours({ timezone: 'UTC', week: { mon: [] }, holidays: [] })).toThrow(RangeError);
  });
});
