import { judge, type Medians } from './goals.js';

const MET: [string, Medians][] = [
  ['bare@throughput', { perSecond: 10_000 }],
  ['ours@throughput', { perSecond: 7500, statements: 0.1 }],
  ['ours@throughput-100', { perSecond: 8000, statements: 0.05 }],
  ['ours@latency', { p50: 4, p99: 15, max: 40 }],
  ['ours@latency-100', { p50: 4, p99: 14, max: 40 }],
  ['together@latency', { p50: 4, p99: 13, max: 40 }],
  ['together@latency-100', { p50: 4, p99: 12, max: 40 }],
];

function judgeWith(...changed: [string, Medians][]) {
  return judge(new Map([...MET, ...changed]));
}

describe('the goals of webhooks', () => {
  it('are met by what just reaches them', () => {
    expect(judgeWith().map(({ goal, value, met }) => [goal, value, met])).toEqual([
      ['≥ 0.75', 0.75, 'yes'],
      ['≥ 0.75', 0.8, 'yes'],
      ['≤ 0.1', 0.1, 'yes'],
      ['≤ 0.1', 0.05, 'yes'],
      ['≤ 15', 15, 'yes'],
      ['≤ 15', 14, 'yes'],
      ['≤ 15', 13, 'yes'],
      ['≤ 15', 12, 'yes'],
    ]);
  });

  it.each<[number[], [string, Medians]]>([
    [
      [0, 1],
      ['bare@throughput', { perSecond: 11_000 }],
    ],
    [[0], ['ours@throughput', { perSecond: 7400, statements: 0.1 }]],
    [[2], ['ours@throughput', { perSecond: 7500, statements: 0.11 }]],
    [
      [1, 3],
      ['ours@throughput-100', { perSecond: 7400, statements: 0.2 }],
    ],
    [[4], ['ours@latency', { p50: 4, p99: 15.1, max: 40 }]],
    [[7], ['together@latency-100', { p50: 4, p99: 16, max: 40 }]],
  ])('%j are missed with %j', (missed, changed) => {
    const met = judgeWith(changed).map((result) => result.met);
    expect(met.flatMap((result, index) => (result === 'no' ? [index] : []))).toEqual(missed);
  });

  it('say nothing about what was not measured', () => {
    const results = judge(new Map([['ours@throughput', { perSecond: 7500, statements: 0.02 }]]));
    expect(results.map(({ met }) => met)).toEqual([undefined, undefined, 'yes', ...Array(5).fill(undefined)]);
  });
});
