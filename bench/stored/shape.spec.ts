import { CONVERSATIONS_AT_ONCE, chunksOf, MESSAGES_PER_REGULAR, shapeOf } from './shape.js';

describe('the shape of a full database', () => {
  it('has a client for ten messages, and one of 25 is a regular', () => {
    expect(shapeOf(1_000_000)).toEqual({
      messages: 1_000_000,
      conversations: 200_000,
      clients: 100_000,
      regulars: 4000,
      regularStride: 10_000,
      otherStride: 160_000,
    });
  });

  it.each([10_000, 20_000, 1_230_000, 20_000_000])('comes out even at %d messages', (messages) => {
    const shape = shapeOf(messages);
    expect(Object.values(shape).every(Number.isSafeInteger)).toBe(true);
    // Two of five conversations are the regulars', and each of them has the same share.
    expect((shape.regulars * MESSAGES_PER_REGULAR) / messages).toBeCloseTo(0.4);
    expect(shape.conversations % shape.regularStride).toBe(0);
    // Conversations move on by whole rows of five, so that a client keeps its place in them.
    expect([shape.regularStride % 5, shape.otherStride % 5]).toEqual([0, 0]);
  });

  it.each([0, 5000, 10_500, -10_000, Number.NaN])('does not exist for %d messages', (messages) => {
    expect(() => shapeOf(messages)).toThrow(RangeError);
  });

  it('is filled in whole groups of conversations, without a gap', () => {
    const chunks = [...chunksOf(shapeOf(1_030_000))];
    expect(chunks[0]?.first).toBe(0);
    expect(chunks.at(-1)?.last).toBe(205_999);
    chunks.slice(1).forEach(({ first }, index) => {
      expect(first).toBe((chunks[index]?.last ?? 0) + 1);
      expect(first % CONVERSATIONS_AT_ONCE).toBe(0);
    });
  });
});
