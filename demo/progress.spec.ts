import { Writable } from 'node:stream';
import { showProgress } from './progress.js';

describe('showProgress', () => {
  it('writes a plain line at each tenth where there is no terminal', () => {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    let clock = 0;
    const progress = showProgress(2000, stream, () => clock);
    for (let done = 1; done <= 2000; done += 1) {
      clock += 1;
      progress.update(done);
    }
    progress.stop();
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('  10 %  200 of 2,000  1,000 a second\n');
    expect(lines.at(-1)).toBe(' 100 %  2,000 of 2,000  1,000 a second\n');
  });
});
