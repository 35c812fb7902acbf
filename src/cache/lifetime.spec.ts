import type { CachePolicy } from './cache-policies.js';
import { lifetime, refreshTime } from './lifetime.js';

const TTL = 60_000;
const shared = { ttl: TTL, isShared: true } as CachePolicy;
const many = <T>(make: () => T): T[] => Array.from({ length: 500 }, make);

describe('how long a value holds', () => {
  it('differs from value to value, by a tenth at most: what was made together does not end together', () => {
    const lifetimes = many(() => lifetime(shared));
    expect(Math.min(...lifetimes)).toBeGreaterThanOrEqual(0.9 * TTL);
    expect(Math.max(...lifetimes)).toBeLessThanOrEqual(TTL);
    expect(new Set(lifetimes).size).toBeGreaterThan(400);
  });

  it('is cut short by each process at another time where it is shared, and by half where it is not', () => {
    const times = many(() => refreshTime(shared, 0, TTL, 100));
    expect(Math.max(...times)).toBeLessThanOrEqual(TTL);
    expect(new Set(times).size).toBeGreaterThan(400);
    expect(refreshTime({ ...shared, isShared: false }, 0, TTL, 100)).toBe(TTL / 2);
  });
});
