import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { BackupMetadata } from './backup-metadata.js';
import { type BackupKind, backupName } from './backup-name.js';
import { BackupRunner, type BegunRun, type RecordRun } from './backup-runner.js';
import type { ScheduledKind } from './backup-schedule.js';
import { BackupScheduleRepository } from './backup-schedule.repository.js';
import { BackupWriter } from './backup-writer.js';
import type { RunProgress } from './run-progress.js';

/** Makes backups, one at a time. */
@Injectable()
export class BackupMaker {
  constructor(
    private readonly runner: BackupRunner,
    private readonly writer: BackupWriter,
    private readonly schedule: BackupScheduleRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Begins one. @throws DomainError `backup_running` */
  begin(kind: BackupKind, record: RecordRun): Promise<BegunRun<BackupMetadata>> {
    return this.runner.begin(
      { action: 'backup', kind, filename: (id, at) => this.nameFor(kind, id, at), record },
      (run, progress) => this.writer.write(run.filename, kind, progress),
    );
  }

  /** Makes the one of a time of the schedule, and remembers that before anybody else can begin it. */
  async makeScheduled(kind: ScheduledKind, slot: Date): Promise<void> {
    const { ended } = await this.runner.begin(
      { action: 'backup', kind, filename: (id, at) => this.nameFor(kind, id, at), slot },
      async (run, progress) => {
        const metadata = await this.writer.write(run.filename, kind, progress);
        await this.schedule.seenTo(kind, slot);
        return metadata;
      },
    );
    await ended;
  }

  /** Makes the one before a restore, as a part of its run. */
  writeSafety(id: string, at: number, progress: RunProgress): Promise<BackupMetadata> {
    return this.writer.write(this.nameFor('safety', id, at), 'safety', progress);
  }

  private nameFor(kind: BackupKind, id: string, at: number): string {
    const { format, encryptionKey } = this.config.backups;
    return backupName(at, kind, id, { format, encrypted: encryptionKey !== undefined });
  }
}
