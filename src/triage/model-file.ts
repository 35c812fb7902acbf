import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PRIORITIES } from '../conversations/priority.js';
import type { ModelData } from './linear-model.js';

/*
 * The file: magic "OTKLIKTM", format version (uint32), length of the description (uint32), SHA-256 of all
 * that follows, the description as JSON padded with spaces to a multiple of 4, then little-endian: keys
 * (int32 each), idf (float32), scales (float32), biases (float32), weights (int8, row by row).
 */
const MAGIC = 'OTKLIKTM';
const FORMAT_VERSION = 2;
const HEADER_BYTES = 48;
const DIGEST_AT = 16;

const fraction = z.number().min(0).max(1);
const descriptionSchema = z.object({
  classes: z.array(z.object({ category: z.string().nullable(), priority: z.enum(PRIORITIES) })).min(1),
  recipe: z.object({
    wordNgrams: z.int().positive(),
    stemLetters: z.int().positive(),
    pairReach: z.int().positive(),
    pairStemLetters: z.int().positive(),
    shortestLetters: z.int().positive(),
    longestLetters: z.int().positive(),
  }),
  rows: z.int().nonnegative(),
  unseenIdf: z.number(),
  pairWeight: z.number(),
  letterWeight: z.number(),
  sharpness: z.number().positive(),
  leastCertainty: z.object({ latin: fraction, cyrillic: fraction }),
  training: z.record(z.string(), z.union([z.number(), z.string()])),
});

/** What a model file says about how the model came to be: its settings and its figures. */
export type TrainingNotes = z.infer<typeof descriptionSchema>['training'];

/** A model as its file holds it. */
export interface StoredModel {
  data: ModelData;
  notes: TrainingNotes;
}

/** A model file that cannot be used: not a model, another version, or damaged. */
export class ModelFileError extends Error {
  override name = 'ModelFileError';
}

/** The bytes of a model's file; the same model always gives the same bytes. */
export function encodeModel({ data, notes }: StoredModel): Buffer {
  const { vocabulary, classes, recipe, sharpness, leastCertainty } = data;
  const { unseenIdf, pairWeight, letterWeight, keys } = vocabulary;
  const description = JSON.stringify({
    classes,
    recipe,
    rows: keys.length,
    unseenIdf,
    pairWeight,
    letterWeight,
    sharpness,
    leastCertainty,
    training: notes,
  });
  const padded = Buffer.from(description + ' '.repeat((4 - (Buffer.byteLength(description) % 4)) % 4));
  const parts = [keys, vocabulary.idf, data.scales, data.biases, data.weights];
  const body = Buffer.concat([padded, ...parts.map((part) => bytesOf(part))]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt32LE(FORMAT_VERSION, 8);
  header.writeUInt32LE(padded.length, 12);
  createHash('sha256').update(body).digest().copy(header, DIGEST_AT);
  return Buffer.concat([header, body]);
}

/**
 * Reads a model from the bytes of its file.
 *
 * @throws ModelFileError when they are not a model, of another format version, or damaged.
 */
export function decodeModel(file: Buffer): StoredModel {
  if (file.length < HEADER_BYTES || file.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new ModelFileError('This is not a triage model');
  }
  const version = file.readUInt32LE(8);
  if (version !== FORMAT_VERSION) {
    throw new ModelFileError(
      `The triage model has format version ${version}, this release reads ${FORMAT_VERSION}: train it again`,
    );
  }
  const body = file.subarray(HEADER_BYTES);
  const digest = createHash('sha256').update(body).digest();
  if (!digest.equals(file.subarray(DIGEST_AT, HEADER_BYTES))) {
    throw new ModelFileError('The triage model is damaged: its checksum does not match');
  }
  return decodeBody(body, file.readUInt32LE(12));
}

function decodeBody(body: Buffer, descriptionBytes: number): StoredModel {
  const parsed = descriptionSchema.safeParse(parseJson(body.toString('utf8', 0, descriptionBytes)));
  if (!parsed.success) throw new ModelFileError(`The triage model is malformed: ${parsed.error.message}`);
  const { classes, recipe, rows, unseenIdf, pairWeight, letterWeight, training, ...rest } = parsed.data;
  // A copy of its own: typed arrays need an aligned start, which a slice of a file need not have.
  const bytes = new Uint8Array(body.subarray(descriptionBytes)).buffer;
  const expected = rows * 12 + classes.length * 4 + rows * classes.length;
  if (bytes.byteLength !== expected) {
    throw new ModelFileError(`The triage model has ${bytes.byteLength} bytes of weights, not ${expected}`);
  }
  const vocabulary = {
    keys: new Int32Array(bytes, 0, rows),
    idf: new Float32Array(bytes, rows * 4, rows),
    unseenIdf,
    pairWeight,
    letterWeight,
  };
  const scales = new Float32Array(bytes, rows * 8, rows);
  const biases = new Float32Array(bytes, rows * 12, classes.length);
  const weights = new Int8Array(bytes, rows * 12 + classes.length * 4);
  return { data: { classes, recipe, vocabulary, scales, biases, weights, ...rest }, notes: training };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bytesOf(array: Int32Array | Float32Array | Int8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
