import { type GoalResult, judge, type Medians } from './goals.js';

function at(perSecond: number, p99 = 5): Medians {
  return { perSecond, p50: 1, p99 };
}

function metOf(results: readonly GoalResult[]): (string | undefined)[] {
  return results.map(({ met }) => met);
}

const COMPARISONS: [string, Medians][] = [
  ['pgbench@32', at(12_000)],
  ['fastify@50', at(5000)],
  ['fastify@1', at(2000)],
  ['nest-save@50', at(900)],
];

describe('the goals of ingest', () => {
  it('are met when the hardest workload meets them', () => {
    const results = judge(
      new Map([
        ...COMPARISONS,
        ['ours-new@50', at(7500, 12)],
        ['ours-returning@50', at(9000)],
        ['ours-new@1', at(1400)],
        ['ours-returning@1', at(1900)],
      ]),
    );
    expect(metOf(results)).toEqual(['yes', 'yes', 'yes', 'yes', 'yes']);
    expect(results[0]).toMatchObject({ goal: '≥ 1.5', new: 1.5, returning: 1.8 });
    expect(results[3]).toMatchObject({ goal: '≤ 12', new: 12, returning: 5 });
  });

  it('say so when only returning clients reach them, and when nobody does', () => {
    const results = judge(
      new Map([
        ...COMPARISONS,
        ['ours-new@50', at(5000, 13)],
        ['ours-returning@50', at(7500, 11)],
        ['ours-new@1', at(1000)],
        ['ours-returning@1', at(1300)],
      ]),
    );
    expect(metOf(results)).toEqual(['returning', 'returning', 'returning', 'returning', 'no']);
  });

  it('say nothing about what was not measured', () => {
    const results = judge(new Map(COMPARISONS));
    expect(metOf(results)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});
