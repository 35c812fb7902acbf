import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { LOG, type Log } from '../logging/log.js';
import { BackupFiles } from './backup-files.js';
import { BackupRunRepository } from './backup-run.repository.js';
import { BackupRunner } from './backup-runner.js';

/** Deletes backups that are older than they have to be. The newest one always stays, however old it is. */
@Injectable()
export class BackupRetention {
  constructor(
    private readonly files: BackupFiles,
    private readonly runs: BackupRunRepository,
    private readonly runner: BackupRunner,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** @param keep how long backups are kept, in milliseconds */
  async apply(keep: number): Promise<void> {
    await this.runner.giveUpAbandoned();
    const oldest = new Date(this.clock.now() - keep);
    // Nothing is taken from under the hands of whoever reads it.
    if (await this.runs.running()) return;
    const [, ...others] = await this.files.list();
    for (const { filename, createdAt } of others) {
      if (Date.parse(createdAt) >= oldest.getTime()) continue;
      await this.files.remove(filename);
      this.log.info({ backup: filename }, 'an old backup was deleted');
    }
    await this.runs.forget(oldest);
  }
}
