import { judge, type Medians } from './goals.js';

const MET: [string, Medians][] = [
  ['pgbench@throughput', { perSecond: 10_000 }],
  ['ours@throughput', { perSecond: 8000 }],
  ['graphile@throughput', { perSecond: 4000 }],
  ['graphile-local@throughput', { perSecond: 8000 }],
  ['ours@steady-ingest', { p50: 1, p99: 5, max: 40 }],
  ['ours@at-once', { p50: 100, p99: 249, max: 250 }],
];

function judgeWith(...changed: [string, Medians][]) {
  return judge(new Map([...MET, ...changed]));
}

describe('the goals of reminders', () => {
  it('are met by what just reaches them', () => {
    expect(judgeWith().map(({ goal, value, met }) => [goal, value, met])).toEqual([
      ['≥ 0.8', 0.8, 'yes'],
      ['≥ 1', 1, 'yes'],
      ['≤ 5', 5, 'yes'],
      ['≤ 250', 250, 'yes'],
    ]);
  });

  it('are missed one by one', () => {
    const met = (...changed: [string, Medians][]) => judgeWith(...changed).map((result) => result.met);
    expect(met(['pgbench@throughput', { perSecond: 10_100 }])).toEqual(['no', 'yes', 'yes', 'yes']);
    expect(met(['graphile-local@throughput', { perSecond: 8100 }])).toEqual(['yes', 'no', 'yes', 'yes']);
    expect(met(['ours@steady-ingest', { p50: 1, p99: 5.1, max: 6 }])).toEqual(['yes', 'yes', 'no', 'yes']);
    expect(met(['ours@at-once', { p50: 1, p99: 2, max: 251 }])).toEqual(['yes', 'yes', 'yes', 'no']);
  });

  it('hold ours against the better one of graphile-worker, whichever it is', () => {
    expect(judgeWith(['graphile@throughput', { perSecond: 16_000 }])[1]).toMatchObject({
      value: 0.5,
      met: 'no',
    });
  });

  it('say nothing about what was not measured', () => {
    const results = judge(
      new Map(MET.filter(([id]) => id === 'ours@throughput' || id === 'graphile@throughput')),
    );
    expect(results.map(({ value, met }) => [value, met])).toEqual(Array(4).fill([undefined, undefined]));
  });
});
