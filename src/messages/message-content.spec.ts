import fc from 'fast-check';
import { countCharacters, isStorable, normaliseContent } from './message-content.js';

const anyText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

describe('the normal form of content', () => {
  it('is its own normal form', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const normal = normaliseContent(text);
        expect(normaliseContent(normal)).toBe(normal);
        expect(normal.normalize('NFC')).toBe(normal);
      }),
    );
  });

  it('has no control characters but tab and newline', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(normaliseContent(text).replace(/[\t\n]/g, '')).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('is the text itself where that is composed and has none', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = text.normalize('NFC');
        fc.pre(!/[\p{Cc}]/u.test(clean));
        expect(normaliseContent(clean)).toBe(clean);
      }),
    );
  });

  it('composes across a control character', () => {
    expect(normaliseContent('e\u0000\u0301')).toBe('é');
  });
});

describe('the characters of a text', () => {
  it('are its code points, as far as it matters', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, limit) => {
        const exact = [...text].length;
        expect(countCharacters(text, limit) <= limit).toBe(exact <= limit);
        if (exact === 0) expect(countCharacters(text, limit)).toBe(0);
      }),
    );
  });
});

describe('what can be stored', () => {
  it('is Unicode text without NUL', () => {
    expect(isStorable('😀 é \u0001')).toBe(true);
    expect(isStorable('a\0b')).toBe(false);
    expect(isStorable('\ud83d')).toBe(false);
  });
});
