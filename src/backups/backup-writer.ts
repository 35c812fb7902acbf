import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { productVersion } from '../config/product-version.js';
import { directUrl } from '../database/data-source.js';
import { encrypted } from './backup-encryption.js';
import { BackupFiles } from './backup-files.js';
import type { BackupMetadata } from './backup-metadata.js';
import type { BackupKind } from './backup-name.js';
import { withConnectionInfo } from './connection-info.js';
import { DatabaseSnapshot, OWN_TABLES, type SnapshotFacts } from './database-snapshot.js';
import { DumpBeginning } from './dump-beginning.js';
import { Metered } from './metered.js';
import { PostgresPrograms } from './postgres-programs.js';
import { ProgramRun } from './program-run.js';
import type { RunProgress } from './run-progress.js';

type Output = Pick<BackupMetadata, 'sizeBytes' | 'checksum'>;

/** Makes a backup: pg_dump, compressed, encrypted where there is a key, and on disk; never whole in memory. */
@Injectable()
export class BackupWriter {
  private readonly settings: Config['backups'];

  constructor(
    private readonly files: BackupFiles,
    private readonly programs: PostgresPrograms,
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.backups;
  }

  /**
   * Writes one. What throws leaves nothing behind.
   *
   * @throws DomainError `backup_unavailable`; Error with pg_dump's words
   */
  async write(filename: string, kind: BackupKind, progress: RunProgress): Promise<BackupMetadata> {
    const versions = await this.programs.check();
    await this.files.prepare();
    const createdAt = new Date(this.clock.now()).toISOString();
    const started = performance.now();
    const url = databaseUrl(this.dataSource);
    const snapshot = await DatabaseSnapshot.open(url);
    try {
      progress.begin('dumping', undefined);
      const [output, facts] = await this.dumpAndCount(url, snapshot, filename, progress);
      const metadata: BackupMetadata = {
        filename,
        kind,
        createdAt,
        durationMs: Math.round(performance.now() - started),
        format: this.settings.format,
        encrypted: this.settings.encryptionKey !== undefined,
        ...output,
        otklikVersion: productVersion(),
        postgresVersion: versions.postgres,
        pgDumpVersion: versions.pgDump,
        schema: snapshot.schema,
        ...facts,
      };
      await this.files.publish(metadata);
      return metadata;
    } catch (error) {
      await this.files.removePartial(filename);
      throw error;
    } finally {
      await snapshot.close();
    }
  }

  /** Whichever fails first is the reason, and ends the other. */
  private async dumpAndCount(
    url: string,
    snapshot: DatabaseSnapshot,
    filename: string,
    progress: RunProgress,
  ): Promise<[Output, SnapshotFacts]> {
    const failed = new AbortController();
    const signal = AbortSignal.any([progress.signal, failed.signal]);
    const counting = snapshot.facts();
    counting.catch((error) => failed.abort(error));
    const output = await this.dump(url, snapshot, filename, { ...progress, signal }).catch((error) => {
      throw failed.signal.aborted ? failed.signal.reason : error;
    });
    return [output, await counting];
  }

  private dump(
    url: string,
    snapshot: DatabaseSnapshot,
    filename: string,
    progress: RunProgress,
  ): Promise<Output> {
    return withConnectionInfo(url, async (connectionInfo) => {
      const words = [...this.words(snapshot), `--dbname=${connectionInfo}`];
      const run = ProgramRun.start(
        this.programs.pgDump,
        words,
        { stdin: false, stdout: true },
        progress.signal,
      );
      const meter = new Metered((bytes) => progress.at(bytes));
      try {
        const file = createWriteStream(this.files.partialPath(filename), { mode: 0o600, flush: true });
        await pipeline(await this.packed(run.stdout), meter, file, { signal: progress.signal });
        await run.ended;
        return { sizeBytes: meter.bytes, checksum: meter.checksum() };
      } catch (error) {
        await run.kill();
        throw error;
      }
    });
  }

  private words(snapshot: DatabaseSnapshot): string[] {
    const { format, compression, lockWait } = this.settings;
    return [
      `--format=${format}`,
      ...(format === 'custom' ? [`--compress=${compression}`] : []),
      '--no-owner',
      '--no-privileges',
      '--no-password',
      '--encoding=UTF8',
      `--lock-wait-timeout=${lockWait}`,
      `--snapshot=${snapshot.id}`,
      `--schema="${snapshot.schema}"`,
      ...OWN_TABLES.map((table) => `--exclude-table-data="${snapshot.schema}"."${table}"`),
    ];
  }

  /** Custom format is compressed already; what cannot be read any more fails the whole chain. */
  private async packed(dump: Readable): Promise<Readable> {
    const { format, compression, encryptionKey } = this.settings;
    const steps = [
      new DumpBeginning(format),
      ...(format === 'plain' ? [createGzip({ level: compression })] : []),
    ];
    const packed = steps.reduce<Readable>((before, step) => {
      before.once('error', (error) => step.destroy(error));
      return before.pipe(step);
    }, dump);
    return encryptionKey === undefined ? packed : encrypted(packed, encryptionKey);
  }
}

/** Where the database is, past a pooler, password included: never to be logged. */
export function databaseUrl(dataSource: DataSource): string {
  return directUrl(dataSource);
}
