import { assertOnce } from './contender.js';

describe('jobs that were due', () => {
  it('are done when each was begun once, in whatever order', () => {
    expect(() => assertOnce([3, 1, 2], 3)).not.toThrow();
  });

  it.each([
    ['one was forgotten', [1, 2], '3 jobs were due, 2 were begun, 2 times in all.'],
    ['one was begun twice', [1, 2, 3, 3], '3 jobs were due, 3 were begun, 4 times in all.'],
    ['one was begun in place of another', [1, 3, 3], '3 jobs were due, 2 were begun, 3 times in all.'],
  ])('make a run fail when %s', (_, begun, message) => {
    expect(() => assertOnce(begun, 3)).toThrow(message);
  });
});
