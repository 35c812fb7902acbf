import fc from 'fast-check';
import { bucketOf, percentile, summaryOf } from './durations.js';

const durations = fc.array(fc.integer({ min: 1, max: 400 * 24 * 60 * 60 * 1_000 }), {
  minLength: 1,
  maxLength: 60,
});

function countsOf(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1);
  return counts;
}

function merged(...all: readonly ReadonlyMap<number, number>[]): Map<number, number> {
  const sum = new Map<number, number>();
  for (const counts of all)
    for (const [bucket, count] of counts) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
  return sum;
}

/** The nearest rank, of all values. */
function exact(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

describe('durations that are counted in buckets', () => {
  it('tell any percentile of hours that are added up, within 5 % and half a millisecond', () => {
    fc.assert(
      fc.property(
        fc.array(durations, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1),
        (hours, part) => {
          const told = percentile(merged(...hours.map(countsOf)), part) ?? Number.NaN;
          const wanted = exact(hours.flat(), part);
          expect(Math.abs(told - wanted)).toBeLessThanOrEqual(0.05 * wanted + 0.5 + 1e-6);
        },
      ),
    );
  });

  it('tell the same in whichever order hours are added up', () => {
    fc.assert(
      fc.property(durations, durations, durations, (a, b, c) => {
        const [x, y, z] = [countsOf(a), countsOf(b), countsOf(c)];
        expect(summaryOf(merged(merged(x, y), z))).toEqual(summaryOf(merged(z, merged(y, x))));
      }),
    );
  });

  it('tell nothing where there was none', () => {
    expect(summaryOf(new Map())).toEqual({ count: 0, medianMs: null, p90Ms: null });
  });
});
