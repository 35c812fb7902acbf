import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { DomainError } from '../errors/domain-error.js';
import { BackupActs, restoreReason } from './backup-acts.js';
import { type BackupRun, BackupRunRepository } from './backup-run.repository.js';
import { BackupRunner } from './backup-runner.js';
import { RestoreCompletion } from './restore-completion.js';
import type { RunProgress } from './run-progress.js';

/**
 * Ends restores whose process was killed. One that was committed is completed; of any other nothing was seen. Either
 * way maintenance mode, which nobody would leave any more, is left.
 */
@Injectable()
export class AbandonedRestores {
  constructor(
    private readonly runs: BackupRunRepository,
    private readonly runner: BackupRunner,
    private readonly completion: RestoreCompletion,
    private readonly acts: BackupActs,
    private readonly clock: Clock,
  ) {}

  /** @returns when to look again, in milliseconds since 1970; Infinity where nothing says so */
  async end(): Promise<number> {
    await this.runner.giveUpAbandoned();
    if (await this.runs.running()) return this.clock.now() + this.runner.lease;
    const last = await this.runs.last('restore');
    if (last && (await this.acts.isInMaintenance(restoreReason(last.filename)))) await this.endOne(last);
    return Number.POSITIVE_INFINITY;
  }

  private async endOne({ kind, filename }: BackupRun): Promise<void> {
    try {
      const { ended } = await this.runner.begin(
        { action: 'restore', kind, filename: () => filename, record: (tx) => this.refuseEnded(tx, filename) },
        (_, progress) => this.complete(filename, progress),
      );
      await ended.catch(() => undefined);
    } catch (error) {
      // Another process was first.
      if (!(error instanceof DomainError && error.code === 'backup_running')) throw error;
    }
  }

  /** Whoever did it, or ended it, has left maintenance before another can begin: there is nothing to end any more. */
  private async refuseEnded(tx: EntityManager, filename: string): Promise<void> {
    if (await this.acts.isInMaintenance(restoreReason(filename), tx)) return;
    throw new DomainError('conflict', 'backup_running', 'Another process ended it.');
  }

  private async complete(filename: string, progress: RunProgress): Promise<null> {
    const waiting = await this.completion.waiting();
    if (waiting) {
      progress.begin('upgrading', undefined);
      const migrations = await this.completion.complete(waiting.schema, waiting.aside);
      await this.acts.restored(filename, { migrations });
    }
    await this.acts.leaveMaintenance(restoreReason(filename));
    if (!waiting) throw new Error('The process that did it is gone; everything is as it was before.');
    return null;
  }
}
