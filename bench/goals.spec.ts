import { type GoalResult, judge as judgeWith, type Medians } from './goals.js';

function judge(medians: ReadonlyMap<string, Medians>): GoalResult[] {
  return judgeWith(medians, 1_000_000);
}

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
  it('are met when both workloads meet them', () => {
    const results = judge(
      new Map([
        ...COMPARISONS,
        ['ours-new@50', at(7500, 12)],
        ['ours-returning@50', at(9000)],
        ['ours-new@1', at(1400)],
        ['ours-returning@1', at(1900)],
      ]),
    );
    expect(metOf(results).slice(0, 5)).toEqual(['yes', 'yes', 'yes', 'yes', 'yes']);
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
    expect(metOf(results).slice(0, 5)).toEqual(['returning', 'returning', 'returning', 'returning', 'no']);
  });

  it('say nothing about what was not measured', () => {
    const results = judge(new Map(COMPARISONS));
    expect(metOf(results)).toEqual(Array.from({ length: 8 }, () => undefined));
  });

  it('hold a full database against a small one, for each workload', () => {
    const [ingest] = judge(
      new Map([
        ['ours-new@50', at(8000)],
        ['ours-returning@50', at(8000)],
        ['ours-stored-new@50', at(7000)],
        ['ours-stored-returning@50', at(7600)],
      ]),
    ).slice(5);
    expect(ingest).toMatchObject({
      title: 'ours at 50, at 1,000,000 messages / at 10,000',
      goal: '≥ 0.9',
      new: 0.875,
      returning: 0.95,
      reading: undefined,
      met: 'returning',
    });
  });

  it('are not met by new clients alone', () => {
    const results = judge(
      new Map([...COMPARISONS, ['ours-new@50', at(8000)], ['ours-returning@50', at(7000)]]),
    );
    expect(results[0]).toMatchObject({ new: 1.6, returning: 1.4, met: 'no' });
  });

  it('hold reading against its own bound, whatever is written', () => {
    const [history, queue] = judge(
      new Map([
        ['ours-history@10', at(1000, 10)],
        ['ours-stored-history@10', at(900, 15)],
        ['ours-queue@10', at(1000, 10)],
        ['ours-stored-queue@10', at(900, 16)],
      ]),
    ).slice(6);
    expect(history).toMatchObject({ reading: 1.5, new: undefined, returning: undefined, met: 'yes' });
    expect(queue).toMatchObject({ reading: 1.6, met: 'no' });
  });
});
