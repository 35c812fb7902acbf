import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** Lets bytes through, counts them, and takes their SHA-256. */
export class Metered extends Transform {
  private readonly hash = createHash('sha256');
  bytes = 0;

  constructor(private readonly onBytes: (bytes: number) => void = () => undefined) {
    super();
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: null, chunk: Buffer) => void,
  ): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    this.onBytes(this.bytes);
    done(null, chunk);
  }

  /** In hexadecimal digits; to be asked once, at the end. */
  checksum(): string {
    return this.hash.digest('hex');
  }
}
