import { createReadStream } from 'node:fs';
import { Transform, type TransformCallback, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { errorMessage } from '../resilience/error-code.js';
import { decrypted } from './backup-encryption.js';
import { BackupFiles } from './backup-files.js';
import type { BackupMetadata } from './backup-metadata.js';
import { Metered } from './metered.js';
import { PostgresPrograms } from './postgres-programs.js';
import { ProgramRun } from './program-run.js';
import type { RunProgress } from './run-progress.js';

/** A backup whose file is not what it was when it was made. */
export class DamagedBackupError extends Error {
  override readonly name = 'DamagedBackupError';
}

/** Within so many characters of a script stand the settings of its session. */
const HEAD = 8_192;

/** Reads backups: whether they are what was written, and as a script of SQL. */
@Injectable()
export class BackupScript {
  private readonly key: string | undefined;

  constructor(
    private readonly files: BackupFiles,
    private readonly programs: PostgresPrograms,
    @Inject(CONFIG) config: Config,
  ) {
    this.key = config.backups.encryptionKey;
  }

  /**
   * Reads the whole file once, and tries the key.
   *
   * @throws DamagedBackupError where it was cut off or changed; Error where the key does not open it
   */
  async check(metadata: BackupMetadata, progress: RunProgress): Promise<void> {
    const { filename, sizeBytes, checksum } = metadata;
    progress.begin('checking', sizeBytes);
    const meter = new Metered((bytes) => progress.at(bytes));
    await pipeline(createReadStream(this.files.path(filename)), meter.resume(), { signal: progress.signal });
    if (meter.bytes !== sizeBytes)
      throw new DamagedBackupError(`The file has ${meter.bytes} bytes; ${sizeBytes} were written.`);
    const found = meter.checksum();
    if (found !== checksum)
      throw new DamagedBackupError(`The file's SHA-256 is ${found}; ${checksum} was written.`);
    if (metadata.encrypted) await this.tryKey(filename);
  }

  private async tryKey(filename: string): Promise<void> {
    const file = createReadStream(this.files.path(filename));
    try {
      (await decrypted(file, this.key)).destroy();
    } catch (error) {
      throw new Error(`The backup cannot be opened with BACKUP_ENCRYPTION_KEY: ${errorMessage(error)}`, {
        cause: error,
      });
    } finally {
      file.destroy();
    }
  }

  /**
   * Writes the backup's script, and does not end the target: whoever wrote this far and came to no error may then
   * commit.
   */
  async copyTo(target: Writable, metadata: BackupMetadata, progress: RunProgress): Promise<void> {
    progress.begin('restoring', metadata.sizeBytes);
    const { signal } = progress;
    const meter = new Metered((bytes) => progress.at(bytes));
    const file = createReadStream(this.files.path(metadata.filename));
    const reading = pipeline(file, meter, { signal });
    reading.catch(() => undefined);
    const opened = metadata.encrypted ? await decrypted(meter, this.key) : meter;
    const head = new ScriptHead(metadata.schema);
    if (metadata.format === 'plain') {
      await pipeline(opened, createGunzip(), head, target, { signal, end: false });
    } else {
      const words = ['--file=-', '--no-owner', '--no-privileges'];
      const run = ProgramRun.start(this.programs.pgRestore, words, { stdin: true, stdout: true }, signal);
      try {
        await Promise.all([
          // Its own end is no end of whoever reads the script.
          pipeline(opened, run.stdin, { signal }).catch(async (error) => {
            throw await run.whyUnwritten(error);
          }),
          pipeline(run.stdout, head, target, { signal, end: false }),
        ]);
        await run.ended;
      } catch (error) {
        await run.kill();
        throw error;
      }
    }
    await reading;
  }
}

/**
 * Takes out of a script's beginning what whoever restores it does himself, and a setting that a newer pg_dump writes
 * and an older server does not know.
 */
class ScriptHead extends Transform {
  private begun = '';
  private isPast = false;
  private readonly unwanted: RegExp;

  constructor(schema: string) {
    super();
    const name = schema.replace(/[^\w]/g, '\\$&');
    this.unwanted = new RegExp(`^(SET transaction_timeout = 0|CREATE SCHEMA "?${name}"?);$`, 'gm');
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // Latin1 keeps each byte as it is.
    if (!this.isPast) this.begun += chunk.toString('latin1');
    if (this.isPast) done(null, chunk);
    else if (this.begun.length < HEAD) done();
    else done(null, this.tidied());
  }

  override _flush(done: TransformCallback): void {
    done(null, this.isPast ? undefined : this.tidied());
  }

  private tidied(): Buffer {
    this.isPast = true;
    const head = this.begun.slice(0, HEAD).replace(this.unwanted, '');
    const rest = this.begun.slice(HEAD);
    this.begun = '';
    return Buffer.from(head + rest, 'latin1');
  }
}
