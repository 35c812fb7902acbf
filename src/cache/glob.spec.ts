import { matches } from './glob.js';

describe('a pattern of names', () => {
  it.each([
    ['*', ''],
    ['*', 'analytics:a'],
    ['analytics:a', 'analytics:a'],
    ['analytics:a*', 'analytics:a'],
    ['analytics:?', 'analytics:a'],
    ['*:a*c', 'analytics:abcbc'],
    ['**?', 'a'],
  ])('%s means %j', (pattern, name) => {
    expect(matches(pattern, name)).toBe(true);
  });

  it.each([
    ['', 'a'],
    ['a', ''],
    ['?', ''],
    ['analytics:a', 'analytics:ab'],
    ['analytics:a?', 'analytics:a'],
    ['*:a', 'analytics:ab'],
    ['a.c', 'abc'],
  ])('%s does not mean %j', (pattern, name) => {
    expect(matches(pattern, name)).toBe(false);
  });
});
