import { preferredWait } from './prefer-wait.js';

describe('how long a caller would wait for a reply', () => {
  it.each([
    ['wait=5', 5_000],
    ['wait = 5', 5_000],
    ['Wait="10"', 10_000],
    ['respond-async, wait=3', 3_000],
    ['return=minimal;foo="bar", wait=3;x', 3_000],
    ['wait=30', 30_000],
    ['wait=31', 30_000],
    ['wait=999999999', 30_000],
    ['wait=0', 0],
  ])('%s is %i ms', (prefer, wait) => {
    expect(preferredWait({ prefer })).toBe(wait);
  });

  it.each(['', 'wait', 'wait=', 'wait=soon', 'wait=-1', 'wait=1.5', 'wait=5s', 'await=5', 'wait=9999999999'])(
    '%j counts as absent',
    (prefer) => {
      expect(preferredWait({ prefer })).toBe(0);
    },
  );

  it('is not at all without the header', () => {
    expect(preferredWait({})).toBe(0);
  });
});
