import { PRIORITIES } from './priority.js';

describe('priority', () => {
  it('is ordered from the least to the most urgent', () => {
    expect(PRIORITIES).toEqual(['low', 'normal', 'high', 'urgent']);
  });
});
