import { Transform, type TransformCallback } from 'node:stream';
import type { BackupFormat } from './backup-name.js';

/** How what pg_dump writes begins. */
const BEGINNINGS: Readonly<Record<BackupFormat, string>> = {
  custom: 'PGDMP',
  plain: '--\n-- PostgreSQL database dump',
};

/**
 * Lets a dump through, and fails where it is none. What stands under the name of pg_dump may be somebody's own script,
 * which says that all is well and wrote nothing, or its own words: such a backup would take the place of good ones.
 */
export class DumpBeginning extends Transform {
  private begun = '';
  private readonly beginning: string;

  constructor(format: BackupFormat) {
    super();
    this.beginning = BEGINNINGS[format];
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const missing = this.beginning.length - this.begun.length;
    if (missing > 0) this.begun += chunk.subarray(0, missing).toString('latin1');
    if (this.beginning.startsWith(this.begun)) done(null, chunk);
    else done(this.fault());
  }

  override _flush(done: TransformCallback): void {
    done(this.begun === this.beginning ? null : this.fault());
  }

  private fault(): Error {
    return new Error('What pg_dump wrote is no dump: see what PG_DUMP_PATH leads to.');
  }
}
