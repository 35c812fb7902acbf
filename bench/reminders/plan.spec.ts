import { steadyOffsets } from './plan.js';

describe('reminders that come due steadily', () => {
  it('are 200 a second, in their order, within the seconds', () => {
    const numbers = [0.5, 0, 0.9999, 0.25];
    let calls = 0;
    const offsets = steadyOffsets(3, () => numbers[calls++ % numbers.length] ?? 0);
    expect(offsets).toHaveLength(600);
    expect(offsets[0]).toBe(0);
    expect(offsets.at(-1)).toBe(2999);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(new Set(offsets)).toEqual(new Set([0, 750, 1500, 2999]));
  });
});
