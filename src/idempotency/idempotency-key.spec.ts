import fc from 'fast-check';
import { idempotencyKey } from './idempotency-key.js';

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 255,
});

const quoted = (key: string) => `"${key.replace(/["\\]/g, '\\$&')}"`;

describe('the idempotency key of a request', () => {
  it('is absent where no header has it', () => {
    expect(idempotencyKey({})).toBeUndefined();
  });

  it('is the same, quoted or plain, in either header', () => {
    fc.assert(
      fc.property(
        printable.filter((key) => !key.startsWith('"')),
        (key) => {
          for (const headers of [
            { 'idempotency-key': key },
            { 'idempotency-key': quoted(key) },
            { 'x-idempotency-key': key },
            { 'x-idempotency-key': quoted(key) },
            { 'idempotency-key': quoted(key), 'x-idempotency-key': key },
          ]) {
            expect(idempotencyKey(headers)).toBe(key);
          }
        },
      ),
    );
  });

  it('may begin with a quote, and is then itself where nothing was quoted properly', () => {
    expect(idempotencyKey({ 'idempotency-key': '"half' })).toBe('"half');
    expect(idempotencyKey({ 'idempotency-key': '"a"b"' })).toBe('"a"b"');
    expect(idempotencyKey({ 'idempotency-key': '"a\\x"' })).toBe('"a\\x"');
  });

  it.each(['', '   ', '""', 'é', 'a\u0000b', 'a\tb', 'x'.repeat(256), `"${'x'.repeat(256)}"`])(
    'is refused where it is not 1 to 255 printable characters: %j',
    (key) => {
      expect(() => idempotencyKey({ 'idempotency-key': key })).toThrow(/Idempotency-Key/);
      expect(() => idempotencyKey({ 'x-idempotency-key': key })).toThrow(/X-Idempotency-Key/);
    },
  );

  it('is refused where the headers differ', () => {
    expect(() => idempotencyKey({ 'idempotency-key': 'a', 'x-idempotency-key': 'b' })).toThrow(/not valid/);
  });
});
