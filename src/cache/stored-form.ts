import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** The first byte says how the rest is to be read. */
const PLAIN = 0;
const GZIP = 1;

/** What is compressed may not grow beyond this, in bytes: what is larger was not written by us. */
const LARGEST = 16 * 1024 * 1024;

const envelope = z.object({
  /** Until when it holds, in milliseconds since 1970. */
  expiresAt: z.number(),
  /** How long it took to make, in milliseconds. */
  cost: z.number().nonnegative(),
  value: z.json(),
});

/** A value on its way to Redis or back. */
export type Envelope = z.infer<typeof envelope>;

/** @param compressAbove bytes; infinity: never */
export async function pack(content: Envelope, compressAbove: number): Promise<Buffer> {
  const plain = Buffer.from(JSON.stringify(content));
  if (plain.length <= compressAbove) return Buffer.concat([Buffer.of(PLAIN), plain]);
  return Buffer.concat([Buffer.of(GZIP), await compress(plain)]);
}

/** @throws where it is not what `pack` makes */
export async function unpack(bytes: Buffer): Promise<Envelope> {
  const [form] = bytes;
  const rest = bytes.subarray(1);
  if (form !== PLAIN && form !== GZIP) throw new Error(`its first byte is ${form}`);
  const plain = form === PLAIN ? rest : await expand(rest, { maxOutputLength: LARGEST });
  return envelope.parse(JSON.parse(plain.toString('utf8')));
}
