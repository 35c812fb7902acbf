import { summariseLatencies } from './latency.js';

describe('summariseLatencies', () => {
  it('takes percentiles by nearest rank', () => {
    const samples = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(summariseLatencies(samples)).toEqual({ p50: 100, p90: 180, p99: 198, max: 200 });
  });

  it('sorts by size, not by spelling', () => {
    expect(summariseLatencies([10, 9, 100])).toEqual({ p50: 10, p90: 100, p99: 100, max: 100 });
  });

  it('is the one sample there is, or nothing', () => {
    expect(summariseLatencies([4])).toEqual({ p50: 4, p90: 4, p99: 4, max: 4 });
    expect(summariseLatencies([])).toBeNull();
  });
});
