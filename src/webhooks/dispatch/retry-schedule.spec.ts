import { retryDelay } from './retry-schedule.js';

describe('the wait before the next attempt', () => {
  const SCHEDULE = [5_000, 60_000];

  it.each([
    [1, 0, 4_000],
    [1, 0.5, 5_000],
    [1, 1, 6_000],
    [2, 0.25, 54_000],
  ])('after %d attempts is a fifth longer or shorter at most', (tries, random, wait) => {
    expect(retryDelay(SCHEDULE, tries, () => random)).toBe(wait);
  });

  it('ends with the schedule', () => {
    expect(retryDelay(SCHEDULE, 3, () => 0)).toBeUndefined();
    expect(retryDelay([], 1, () => 0)).toBeUndefined();
  });
});
