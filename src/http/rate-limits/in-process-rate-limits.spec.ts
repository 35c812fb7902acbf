import { InProcessRateLimits } from './in-process-rate-limits.js';

describe('counting requests in the process', () => {
  const HOUR = 3_600_000;

  it('goes down to nothing left, and below', async () => {
    const limits = new InProcessRateLimits();
    const remaining = [];
    for (let i = 0; i < 5; i++) remaining.push((await limits.count('a', 3, HOUR)).remaining);
    expect(remaining).toEqual([2, 1, 0, -1, -2]);
  });

  it('says when the window ends', async () => {
    const limits = new InProcessRateLimits();
    const { resetIn } = await limits.count('a', 3, HOUR);
    expect(resetIn).toBeGreaterThan(HOUR - 60_000);
    expect(resetIn).toBeLessThanOrEqual(HOUR);
  });

  it('counts callers, limits and windows apart', async () => {
    const limits = new InProcessRateLimits();
    await limits.count('a', 3, HOUR);
    expect((await limits.count('b', 3, HOUR)).remaining).toBe(2);
    expect((await limits.count('a', 4, HOUR)).remaining).toBe(3);
    expect((await limits.count('a', 3, HOUR / 2)).remaining).toBe(2);
    expect((await limits.count('a', 3, HOUR)).remaining).toBe(1);
  });

  it('misses none of those at the same time', async () => {
    const limits = new InProcessRateLimits();
    const counts = await Promise.all(Array.from({ length: 50 }, () => limits.count('a', 20, HOUR)));
    expect(counts.filter(({ remaining }) => remaining >= 0)).toHaveLength(20);
  });
});
