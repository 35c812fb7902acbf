import { Progress } from './progress.js';

describe('Progress', () => {
  function shownAt(times: number[], isTTY: boolean): string[] {
    const written: string[] = [];
    let now = 0;
    const output = { isTTY, write: (text: string) => written.push(text) };
    const progress = new Progress('Training', times.length, output, () => now);
    times.forEach((time, index) => {
      now = time;
      progress.update(index + 1);
    });
    return written;
  }

  it('is silent for what is done within two seconds', () => {
    expect(shownAt([500, 1000, 1999], true)).toEqual([]);
  });

  it('rewrites one line, not too often, and ends it', () => {
    expect(shownAt([1000, 2000, 2100, 2400], true)).toEqual(['\rTraining: 50 %', '\rTraining: 100 %\n']);
  });

  it('is silent where nobody watches', () => {
    expect(shownAt([3000, 6000], false)).toEqual([]);
  });
});
