import fc from 'fast-check';
import { AnswerExcerpt } from './answer-excerpt.js';

function excerptOf(length: number, ...chunks: readonly (Buffer | string)[]): string {
  const excerpt = new AnswerExcerpt(length);
  for (const chunk of chunks) excerpt.add(Buffer.from(chunk));
  return excerpt.text();
}

describe('the excerpt of an answer', () => {
  it('is all of a short one, and the beginning of a long one', () => {
    expect(excerptOf(10)).toBe('');
    expect(excerptOf(10, 'short')).toBe('short');
    expect(excerptOf(10, 'exactly 10')).toBe('exactly 10');
    expect(excerptOf(10, 'in several', ' chunks')).toBe('in several');
    expect(excerptOf(0, 'nothing')).toBe('');
  });

  it('never holds half a character', () => {
    expect(excerptOf(3, 'ab😀')).toBe('ab');
    expect(excerptOf(4, 'ab😀')).toBe('ab😀');
    expect(excerptOf(2, 'ééé')).toBe('éé');
    const [start, end] = [Buffer.from('я').subarray(0, 1), Buffer.from('я').subarray(1)];
    expect(excerptOf(10, start, end)).toBe('я');
  });

  it('replaces what is no UTF-8, and drops NUL', () => {
    expect(excerptOf(10, Buffer.from([0x61, 0xff, 0x62, 0x00, 0x63]))).toBe('a�bc');
    expect(excerptOf(10, Buffer.from('я').subarray(0, 1))).toBe('�');
  });

  it('does not blame the endpoint for what was cut off', () => {
    const excerpt = new AnswerExcerpt(10);
    excerpt.add(Buffer.concat([Buffer.from('a'), Buffer.from('я').subarray(0, 1)]));
    excerpt.cut();
    expect(excerpt.text()).toBe('a');
  });

  it('is text that PostgreSQL can hold, and as long as it may be, whatever bytes come in whatever pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.integer({ min: 0, max: 60 }),
        (chunks, length) => {
          const text = excerptOf(length, ...chunks.map((chunk) => Buffer.from(chunk)));
          expect(text.isWellFormed()).toBe(true);
          expect(text).not.toContain('\0');
          expect(text.length).toBeLessThanOrEqual(length);
        },
      ),
    );
  });

  it('is the beginning of the text, however it was cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 20 }),
        (text, size, length) => {
          const bytes = Buffer.from(text);
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          const excerpt = excerptOf(length, ...chunks);
          expect(text.startsWith(excerpt)).toBe(true);
          expect(excerpt.length).toBeGreaterThanOrEqual(Math.min(length, text.length) - 1);
        },
      ),
    );
  });
});
