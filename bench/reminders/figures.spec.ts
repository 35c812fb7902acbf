import { latenessOf, mediansOf, throughputOf } from './figures.js';

describe('the figures of reminders', () => {
  it('say how many were done a second', () => {
    expect(throughputOf(20_000, 1250)).toEqual({ perSecond: 16_000, milliseconds: 1250, count: 20_000 });
  });

  it('say how late they were begun, up to the last one', () => {
    const late = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(latenessOf(late)).toEqual({ p50: 100, p99: 198, max: 200, count: 200 });
    expect(latenessOf([1], 4321.09)).toMatchObject({ messagesPerSecond: 4321 });
  });

  it('are medians of the rounds, each figure by itself', () => {
    expect(mediansOf([throughputOf(100, 10), throughputOf(100, 50), throughputOf(100, 20)])).toEqual({
      perSecond: 5000,
    });
    expect(mediansOf([latenessOf([1, 9]), latenessOf([2, 3]), latenessOf([3, 4])])).toEqual({
      p50: 2,
      p99: 4,
      max: 4,
    });
  });
});
