import { retryAfterMs } from './patient-call.js';

describe('retryAfterMs', () => {
  const wallClock = new Date('2026-11-21T09:00:00Z');

  it.each([
    ['0', 0],
    ['2', 2000],
    ['Sat, 21 Nov 2026 09:00:05 GMT', 5000],
    ['Sat, 21 Nov 2026 08:00:00 GMT', 0],
    ['soon', 0],
    [undefined, 0],
  ])('reads %p as %d ms', (header, expected) => {
    expect(retryAfterMs(header, wallClock)).toBe(expected);
  });
});
