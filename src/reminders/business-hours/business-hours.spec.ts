import { parseDuration } from '../../config/duration.js';
import { BusinessHours } from './business-hours.js';
import { type OpeningInterval, type OpeningRules, WEEKDAYS, type Weekday } from './opening-rules.js';

const WORKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];

function every(days: readonly Weekday[], ...intervals: OpeningInterval[]): OpeningRules['week'] {
  return Object.fromEntries(days.map((day) => [day, intervals]));
}

const OFFICE = { timezone: 'Europe/Berlin', week: every(WORKDAYS, ['09:00', '17:00']), holidays: [] };

/** When a delay ends; times with their distance from UTC, so that both clocks can be read. */
function due(from: string, delay: string, rules: Partial<OpeningRules> = {}): string {
  const hours = new BusinessHours({ ...OFFICE, ...rules });
  return new Date(hours.add(Date.parse(from), parseDuration(delay) ?? Number.NaN)).toISOString();
}

const utc = (time: string) => new Date(time).toISOString();

describe('a delay in business hours', () => {
  it.each([
    ['goes on after the weekend', '2026-11-20T16:30+01:00', 'PT1H', '2026-11-23T09:30+01:00'],
    ['counts from the opening on', '2026-11-23T05:00+01:00', 'PT1H', '2026-11-23T10:00+01:00'],
    ['goes on after closing time', '2026-11-23T19:00+01:00', 'PT1H', '2026-11-24T10:00+01:00'],
    [
      'that ends at closing time ends at the next opening',
      '2026-11-20T16:30+01:00',
      'PT30M',
      '2026-11-23T09:00+01:00',
    ],
    [
      'that is a millisecond shorter does not',
      '2026-11-20T16:30+01:00',
      'PT29M59.999S',
      '2026-11-20T16:59:59.999+01:00',
    ],
    ['of a day is 24 hours of work', '2026-11-23T09:00+01:00', 'P1D', '2026-11-26T09:00+01:00'],
    ['of 90 days is more than a year of work', '2026-01-01T00:00+01:00', 'P90D', '2027-01-14T09:00+01:00'],
  ])('%s', (_, from, delay, expected) => {
    expect(due(from, delay)).toBe(utc(expected));
  });

  it('rests at lunch', () => {
    const week = every(['mon'], ['09:00', '13:00'], ['14:00', '18:00']);
    expect(due('2026-11-23T12:30+01:00', 'PT1H', { week })).toBe(utc('2026-11-23T14:30+01:00'));
  });

  it('rests on holidays, and on those of its own zone only', () => {
    const holidays = ['2026-12-31', '2027-01-01'];
    expect(due('2026-12-30T16:30+01:00', 'PT1H', { holidays })).toBe(utc('2027-01-04T09:30+01:00'));
    const rules = {
      holidays: ['2026-12-31'],
      timezone: 'Pacific/Auckland',
      week: every(WEEKDAYS, ['00:00', '24:00']),
    };
    // 23:30 in Auckland, where the 31st begins half an hour later.
    expect(due('2026-12-30T10:30Z', 'PT1H', rules)).toBe(utc('2027-01-01T00:30+13:00'));
  });

  it('knows leap days', () => {
    expect(due('2028-02-28T16:30+01:00', 'PT1H')).toBe(utc('2028-02-29T09:30+01:00'));
    expect(due('2027-02-26T16:30+01:00', 'PT1H')).toBe(utc('2027-03-01T09:30+01:00'));
  });

  it('passes midnight where the work does', () => {
    const week = { fri: [['22:00', '24:00']], sat: [['00:00', '02:00']] } as const;
    expect(due('2026-11-20T23:30+01:00', 'PT1H', { week })).toBe(utc('2026-11-21T00:30+01:00'));
    expect(due('2026-11-20T23:30+01:00', 'PT2H30M', { week })).toBe(utc('2026-11-27T22:00+01:00'));
  });

  it('is plain time where it is always open', () => {
    const week = every(WEEKDAYS, ['00:00', '24:00']);
    expect(due('2026-03-28T12:00+01:00', 'P7D', { week })).toBe(utc('2026-04-04T13:00+02:00'));
  });
});

describe('a delay in business hours, when the clocks change', () => {
  const week = every(WEEKDAYS, ['01:00', '04:00']);

  it('in spring: nobody works in the hour that is skipped', () => {
    expect(due('2026-03-29T01:30+01:00', 'PT1H', { week })).toBe(utc('2026-03-29T03:30+02:00'));
    // The day has two hours of work instead of three.
    expect(due('2026-03-29T01:00+01:00', 'PT2H', { week })).toBe(utc('2026-03-30T01:00+02:00'));
  });

  it('in spring: an interval that is skipped whole is no work', () => {
    const skipped = { sun: [['02:00', '03:00']] } as const;
    expect(due('2026-03-28T12:00+01:00', 'PT30M', { week: skipped })).toBe(utc('2026-04-05T02:30+02:00'));
  });

  it('in autumn: the hour that comes twice is worked twice', () => {
    expect(due('2026-10-25T01:30+02:00', 'PT1H', { week })).toBe(utc('2026-10-25T02:30+02:00'));
    expect(due('2026-10-25T01:30+02:00', 'PT2H', { week })).toBe(utc('2026-10-25T02:30+01:00'));
    expect(due('2026-10-25T01:00+02:00', 'PT4H', { week })).toBe(utc('2026-10-26T01:00+01:00'));
  });

  it('by half an hour, on Lord Howe', () => {
    const rules = { timezone: 'Australia/Lord_Howe', week: every(WEEKDAYS, ['01:00', '03:00']) };
    // April: from 02:00 back to 01:30. October: from 02:00 to 02:30.
    expect(due('2026-04-05T01:00+11:00', 'PT2H', rules)).toBe(utc('2026-04-05T02:30+10:30'));
    expect(due('2026-10-04T01:00+10:30', 'PT1H15M', rules)).toBe(utc('2026-10-04T02:45+11:00'));
  });
});

describe('a delay in business hours, in odd zones', () => {
  it.each([
    ['Asia/Kathmandu', '2026-11-20T16:30+05:45', '2026-11-23T09:30+05:45'],
    ['Pacific/Chatham', '2026-11-20T16:30+13:45', '2026-11-23T09:30+13:45'],
    ['America/St_Johns', '2026-11-20T16:30-03:30', '2026-11-23T09:30-03:30'],
  ])('%s', (timezone, from, expected) => {
    expect(due(from, 'PT1H', { timezone })).toBe(utc(expected));
  });

  it('Apia went from Thursday to Saturday', () => {
    expect(due('2011-12-29T16:30-10:00', 'PT1H', { timezone: 'Pacific/Apia' })).toBe(
      utc('2012-01-02T09:30+14:00'),
    );
    const week = every(WEEKDAYS, ['09:00', '17:00']);
    expect(due('2011-12-29T16:30-10:00', 'PT1H', { timezone: 'Pacific/Apia', week })).toBe(
      utc('2011-12-31T09:30+14:00'),
    );
  });
});
