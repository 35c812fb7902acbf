import { latencyFigures, mediansOf, throughputFigures } from './figures.js';
import { momentsOf } from './plan.js';

describe('the figures of webhooks', () => {
  it('say how many deliveries were made a second, and by how many statements each', () => {
    expect(
      throughputFigures({ count: 20_000, milliseconds: 2500, statements: 250, slow: 64, memoryMb: 190 }),
    ).toEqual({
      perSecond: 8000,
      milliseconds: 2500,
      count: 20_000,
      statements: 0.0125,
      slow: 64,
      memoryMb: 190,
    });
    expect(throughputFigures({ count: 20_000, milliseconds: 2000 })).toEqual({
      perSecond: 10_000,
      milliseconds: 2000,
      count: 20_000,
    });
  });

  it('say how soon events arrived, up to the last one', () => {
    const milliseconds = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(latencyFigures(milliseconds, 501.23)).toEqual({
      p50: 100,
      p99: 198,
      max: 200,
      count: 200,
      eventsPerSecond: 501.2,
    });
  });

  it('are medians of the rounds, each figure by itself', () => {
    const drained = [10, 50, 20].map((milliseconds) =>
      throughputFigures({
        count: 100,
        milliseconds,
        statements: milliseconds / 10,
        memoryMb: 100 + milliseconds,
      }),
    );
    expect(mediansOf(drained)).toEqual({ perSecond: 5000, statements: 0.02, memoryMb: 120 });
    expect(mediansOf([throughputFigures({ count: 100, milliseconds: 20 })])).toEqual({ perSecond: 5000 });
    expect(
      mediansOf(
        [
          [1, 9],
          [2, 3],
          [3, 4],
        ].map((all) => latencyFigures(all, 500)),
      ),
    ).toEqual({
      p50: 2,
      p99: 4,
      max: 4,
    });
  });

  it('are taken at random moments, as many a second as was said', () => {
    const random = [0.5, 0, 0.999, 0.25].values();
    expect(momentsOf(2, 2, () => random.next().value ?? 0)).toEqual([0, 500, 1000, 1998]);
  });
});
