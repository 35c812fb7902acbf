import { Injectable } from '@nestjs/common';
import { Clock, IdGenerator } from '../clock/clock.js';
import { BackupActs, restoreReason } from './backup-acts.js';
import { BackupMaker } from './backup-maker.js';
import type { BackupMetadata } from './backup-metadata.js';
import { BackupRestorer } from './backup-restorer.js';
import { BackupRunner, type BegunRun, type RecordRun } from './backup-runner.js';
import { BackupVerifier } from './backup-verifier.js';
import type { RunProgress } from './run-progress.js';

/**
 * Restores a backup with all that belongs to it: the file is checked, maintenance mode keeps writers away, and a safety
 * backup keeps what is there now.
 */
@Injectable()
export class BackupRestores {
  constructor(
    private readonly runner: BackupRunner,
    private readonly verifier: BackupVerifier,
    private readonly maker: BackupMaker,
    private readonly restorer: BackupRestorer,
    private readonly acts: BackupActs,
    private readonly ids: IdGenerator,
    private readonly clock: Clock,
  ) {}

  /** Begins one. @throws DomainError `backup_too_new`, `backup_running` */
  begin(metadata: BackupMetadata, record: RecordRun): Promise<BegunRun<BackupMetadata>> {
    this.restorer.refuseNewer(metadata);
    return this.runner.begin(
      { action: 'restore', kind: metadata.kind, filename: () => metadata.filename, record },
      (run, progress) => this.restore(run.id, metadata, progress),
    );
  }

  private async restore(
    id: string,
    metadata: BackupMetadata,
    progress: RunProgress,
  ): Promise<BackupMetadata> {
    const { filename } = metadata;
    await this.verifier.checkFile(metadata, progress);
    await this.acts.inMaintenance(restoreReason(filename), async () => {
      let safety: BackupMetadata | undefined;
      const migrations = await this.restorer.restore(id, metadata, progress, async () => {
        safety = await this.maker.writeSafety(this.ids.next(), this.clock.now(), progress);
      });
      await this.acts.restored(filename, {
        createdAt: metadata.createdAt,
        safety: safety?.filename,
        migrations,
      });
    });
    return metadata;
  }
}
