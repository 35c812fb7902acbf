import fc from 'fast-check';
import { METADATA_BYTES, metadataFault } from './message-metadata.js';

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

describe('metadata', () => {
  it('may be any JSON of a reasonable size', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (metadata) => {
        const json = JSON.stringify(metadata);
        fc.pre(!json.includes('\\u0000') && Buffer.byteLength(json) <= METADATA_BYTES);
        fc.pre(!/\\ud[89a-f]/i.test(json));
        expect(metadataFault(metadata)).toBeUndefined();
      }),
    );
  });

  it('may have 8 KB, counted in bytes', () => {
    const around = '{"note":""}'.length;
    expect(metadataFault({ note: 'x'.repeat(METADATA_BYTES - around) })).toBeUndefined();
    expect(metadataFault({ note: 'x'.repeat(METADATA_BYTES - around + 1) })).toMatch(
      /8192 bytes.*it has 8193/,
    );
    expect(metadataFault({ note: 'ы'.repeat(METADATA_BYTES / 2) })).toMatch(/8192 bytes/);
  });

  it('may nest, but not without end', () => {
    expect(metadataFault({ deep: nested(31) })).toBeUndefined();
    expect(metadataFault({ deep: nested(32) })).toMatch(/deeper/);
    expect(metadataFault({ deep: nested(3_000) })).toMatch(/deeper/);
  });

  it.each(['1e999', '-1e999'])('may not have the number %s, which would be stored as null', (number) => {
    expect(metadataFault(JSON.parse(`{"order":{"weights":[1,${number}]}}`))).toMatch(/number.*too large/);
    expect(metadataFault({ weight: 1e308 })).toBeUndefined();
  });

  it.each<[what: string, metadata: Record<string, unknown>]>([
    ['a value', { a: 'x\0' }],
    ['a name', { 'x\0': 1 }],
    ['a list', { a: [['\ud800']] }],
    ['a name far inside', { a: { b: [{ '\udc00': 1 }] } }],
  ])('may not have what cannot be stored in %s', (_what, metadata) => {
    expect(metadataFault(metadata)).toMatch(/NUL/);
  });
});
