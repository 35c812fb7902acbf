import { tellable } from './told-events.js';

describe('what of a batch of events can be told', () => {
  it.each([
    ['all that follow each other', [4, 5, 6], 3, 0, true, { count: 3, head: 6 }],
    ['nothing where nothing is new', [], 3, 0, true, { count: 0, head: 3 }],
    ['what stands before a number that is missing', [4, 6, 7], 3, 0, true, { count: 1, head: 4, missing: 5 }],
    ['nothing where the first is missing', [5], 3, 0, true, { count: 0, head: 3, missing: 4 }],
    ['what stands behind one that will never come', [4, 6, 7], 3, 5, true, { count: 3, head: 7 }],
    ['what was decided, up to the next gap', [4, 6, 9], 3, 7, true, { count: 2, head: 7, missing: 8 }],
    ['that nothing more will come up to what was decided', [], 3, 7, true, { count: 0, head: 7 }],
    ['no more than was read, where there is more', [4, 6], 3, 9, false, { count: 2, head: 6 }],
  ])('is %s', (_, positions, head, decided, isRest, expected) => {
    expect(tellable(positions, head, decided, isRest)).toEqual({ missing: undefined, ...expected });
  });
});
