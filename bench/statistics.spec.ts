import { fourDigits, median, percentile } from './statistics.js';

describe('the figures of a benchmark', () => {
  it('takes the middle of an odd number of rounds, whatever their order', () => {
    expect(median([9, 100, 2])).toBe(9);
  });

  it('takes the mean of the two middle ones of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('says of a percentile only what was measured', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('has no figure without a measurement', () => {
    expect(median([])).toBeNaN();
    expect(percentile([], 0.99)).toBeNaN();
  });

  it('publishes four digits', () => {
    expect(fourDigits(9531.49)).toBe(9531);
    expect(fourDigits(0.123456)).toBe(0.1235);
  });
});
