import { RandomIdGenerator, SystemClock } from './clock.js';

describe('identifiers', () => {
  it('are UUIDs of version 7, each greater than the one before', () => {
    const ids = new RandomIdGenerator();
    const made = Array.from({ length: 5_000 }, () => ids.next());
    expect(new Set(made).size).toBe(made.length);
    expect([...made].sort()).toEqual(made);
    for (const id of made)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('begin with the time', () => {
    const id = new RandomIdGenerator().next();
    const at = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(at - new SystemClock().now())).toBeLessThan(60_000);
  });
});
