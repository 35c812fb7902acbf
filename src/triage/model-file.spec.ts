import type { ModelData } from './linear-model.js';
import { decodeModel, encodeModel, ModelFileError } from './model-file.js';

const data: ModelData = {
  classes: [
    { category: null, priority: 'normal' },
    { category: 'украденная карта', priority: 'urgent' },
  ],
  recipe: {
    wordNgrams: 2,
    stemLetters: 5,
    pairReach: 3,
    pairStemLetters: 4,
    shortestLetters: 2,
    longestLetters: 4,
  },
  vocabulary: {
    keys: Int32Array.of(-7, 5, 2 ** 31 - 1),
    idf: Float32Array.of(1, 2.5, 3),
    unseenIdf: 4.25,
    pairWeight: 1.5,
    letterWeight: 0.5,
  },
  weights: Int8Array.of(-127, 127, 0, 1, 2, 3),
  scales: Float32Array.of(0.5, 0.25, 0),
  biases: Float32Array.of(-1, 1),
  sharpness: 1.5,
  leastCertainty: { latin: 0.2, cyrillic: 0.1 },
};
const stored = { data, notes: { seed: 1, source: 'a test' } };

describe('the model file', () => {
  it('gives back what was written', () => {
    expect(decodeModel(encodeModel(stored))).toEqual(stored);
  });

  it('is the same for the same model', () => {
    expect(encodeModel(stored).equals(encodeModel(stored))).toBe(true);
  });

  it('is refused when any of its bytes has changed', () => {
    const file = encodeModel(stored);
    for (const at of [20, 60, file.length - 1]) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decodeModel(damaged)).toThrow('checksum');
    }
    expect(() => decodeModel(file.subarray(0, file.length - 1))).toThrow(ModelFileError);
  });

  it('is refused when it is of another version or no model at all', () => {
    const file = encodeModel(stored);
    file.writeUInt32LE(9, 8);
    expect(() => decodeModel(file)).toThrow('format version 9');
    expect(() => decodeModel(Buffer.from('PK'))).toThrow('not a triage model');
  });

  it('is refused when its description and its weights do not fit', () => {
    const wrong = { ...data, weights: Int8Array.of(1) };
    expect(() => decodeModel(encodeModel({ ...stored, data: wrong }))).toThrow('bytes of weights');
    const malformed = { ...data, sharpness: -1 };
    expect(() => decodeModel(encodeModel({ ...stored, data: malformed }))).toThrow('malformed: ');
    const file = encodeModel({ ...stored, data: { ...data, classes: [] } });
    expect(() => decodeModel(file)).toThrow('malformed');
  });
});
