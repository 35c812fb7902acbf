import { bar, count, oneLine, paint, span } from './terminal-text.js';

describe('oneLine', () => {
  it('makes one line of several', () => {
    expect(oneLine('  one\n\n\ttwo  ', 20)).toBe('one two');
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefg', 6, 'abcde…'],
    ['ab cdefg', 4, 'ab…'],
    ['👍👍👍👍', 6, '👍👍…'],
    ['漢字漢字', 8, '漢字漢字'],
    ['👩‍👩‍👧‍👦 family', 6, '👩‍👩‍👧‍👦 fa…'],
  ])('cuts %p to %d cells', (text, width, expected) => {
    expect(oneLine(text, width)).toBe(expected);
  });

  it('lets nothing through that steers the terminal', () => {
    expect(oneLine('a\u001b[31mb\u0007c\u202ed\u009b2Je', 40)).toBe('a[31mbcd2Je');
  });
});

describe('bar', () => {
  it('grows with the share, by eighths of a cell', () => {
    expect([0, 0.5, 0.53125, 1].map((share) => bar(share, 4))).toEqual(['', '██', '██▏', '████']);
  });

  it('shows a small share as something', () => {
    expect(bar(0.0001, 10)).toBe('▏');
  });
});

describe('span', () => {
  it.each([
    [0.44, '0.4 ms'],
    [850, '850 ms'],
    [999.6, '1.0 s'],
    [12_345, '12.3 s'],
    [59_990, '1 min'],
    [292_000, '4 min 52 s'],
    [7_500_000, '2 h 5 min'],
    [3 * 86_400_000 + 4_000, '3 d'],
  ])('says %d ms as %p', (milliseconds, expected) => {
    expect(span(milliseconds)).toBe(expected);
  });
});

describe('count and paint', () => {
  it('sets thousands apart', () => {
    expect(count(1234567.4)).toBe('1,234,567');
  });

  it('paints on a colour terminal alone', () => {
    expect(paint({ width: 80, colour: false }, 'red', 'x')).toBe('x');
    expect(paint({ width: 80, colour: true }, 'red', 'x')).toBe('\u001b[31mx\u001b[39m');
  });
});
