import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError, notFound } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { errorCode, errorMessage } from '../resilience/error-code.js';
import { type BackupMetadata, backupMetadataSchema } from './backup-metadata.js';
import { BACKUP_NAME } from './backup-name.js';

/** What is being written has this behind its name, until it is whole and on disk. */
const PARTIAL = '.partial';
const METADATA = '.json';

/**
 * The folder of backups. A backup is there when its metadata is: that is written last, and deleted first. So the list
 * needs no database, which may be what was lost.
 */
@Injectable()
export class BackupFiles {
  readonly folder: string;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.folder = resolve(config.backups.dir ?? join(config.database.dataDir, 'backups'));
  }

  /** Makes the folder where it is missing: only its owner looks in. */
  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  path(filename: string): string {
    if (!BACKUP_NAME.test(filename)) throw notFound('backup', filename);
    return join(this.folder, filename);
  }

  partialPath(filename: string): string {
    return this.path(filename) + PARTIAL;
  }

  /** All whole backups, newest first. */
  async list(): Promise<BackupMetadata[]> {
    const names = (await this.names()).filter((name) => name.endsWith(METADATA));
    const found = await Promise.all(names.map((name) => this.read(name.slice(0, -METADATA.length))));
    return found
      .filter((metadata) => metadata !== undefined)
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** @throws DomainError `backup_not_found` */
  async find(filename: string): Promise<BackupMetadata> {
    const metadata = BACKUP_NAME.test(filename) ? await this.read(filename) : undefined;
    if (!metadata) throw notFound('backup', filename);
    return metadata;
  }

  /**
   * Gives a written file its name, and its metadata: from then on it is a backup. Both are on disk afterwards. Until
   * then something partial is beside it: a file alone is one that somebody has put there, and nobody deletes.
   */
  async publish(metadata: BackupMetadata): Promise<void> {
    const { filename } = metadata;
    const draft = this.path(filename) + METADATA + PARTIAL;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(metadata, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(this.partialPath(filename), this.path(filename));
    await rename(draft, this.path(filename) + METADATA);
    await this.syncFolder();
  }

  /** Deletes a backup, with its metadata. */
  async remove(filename: string): Promise<void> {
    await rm(this.path(filename) + METADATA, { force: true });
    await rm(this.path(filename), { force: true });
  }

  /** Deletes what a backup that came to nothing has left behind. What says that it is unfinished goes last. */
  async removePartial(filename: string): Promise<void> {
    if ((await this.read(filename)) === undefined) await rm(this.path(filename), { force: true });
    await rm(this.partialPath(filename), { force: true });
    await rm(this.path(filename) + METADATA + PARTIAL, { force: true });
  }

  /** The names of backups that began and are not whole. */
  async unfinished(): Promise<string[]> {
    const names = await this.names();
    const partial = names
      .filter((name) => name.endsWith(PARTIAL))
      .map((name) => name.slice(0, -PARTIAL.length).replace(METADATA, ''));
    return [...new Set(partial)].filter((name) => BACKUP_NAME.test(name) && !names.includes(name + METADATA));
  }

  /** @throws DomainError `backup_unavailable` where the folder cannot be read; one that is not there yet has none */
  private async names(): Promise<string[]> {
    try {
      return await readdir(this.folder);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      const detail = `The folder of backups (BACKUP_DIR) cannot be read: ${errorMessage(error)}`;
      throw new DomainError('unavailable', 'backup_unavailable', detail);
    }
  }

  /** Metadata that cannot be believed, or whose file is gone, is none. */
  private async read(filename: string): Promise<BackupMetadata | undefined> {
    try {
      const json: unknown = JSON.parse(await readFile(this.path(filename) + METADATA, 'utf8'));
      const metadata = backupMetadataSchema.parse(json);
      if (!(await stat(this.path(filename))).isFile())
        throw new Error('it is about something that is no file');
      if (metadata.filename !== filename) throw new Error(`it is about ${metadata.filename}`);
      return metadata;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        this.log.warn(`The metadata of the backup ${filename} cannot be used: ${errorMessage(error)}`);
      return undefined;
    }
  }

  private async syncFolder(): Promise<void> {
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
