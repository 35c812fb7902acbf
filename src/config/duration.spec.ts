import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.js';

describe('an ISO 8601 duration', () => {
  it.each([
    ['PT5M', 300_000],
    ['PT0.25S', 250],
    ['P1D', 86_400_000],
    ['P1DT12H', 129_600_000],
    ['P2W', 1_209_600_000],
    ['PT1H30M15S', 5_415_000],
    ['PT0S', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', 'P', 'PT', 'P1DT', '5M', 'P1M', 'P1Y', 'PT-5M', 'PT5', 'pt5m', 'PT5M ', 'PT0.1234S'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});
