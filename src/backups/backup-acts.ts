import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Cache } from '../cache/cache.js';
import { Transactor } from '../database/transactor.js';
import { MaintenanceMode } from '../maintenance/maintenance-mode.js';

/** Why it is maintenance while a backup is being restored; whoever finds it later knows by it whose it is. */
export function restoreReason(filename: string): string {
  return `The backup ${filename} is being restored.`;
}

type BackupAction = `backup.${string}`;

/** What backups have to do with the rest of the system: who did what is recorded, and writers are kept away. */
@Injectable()
export class BackupActs {
  constructor(
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    private readonly maintenance: MaintenanceMode,
    private readonly cache: Cache,
  ) {}

  /** Records an administrative act, which has no transaction of its own. */
  record(action: BackupAction, subject: string | null, after?: object | undefined): Promise<void> {
    return this.transactor.run((tx) => this.recordIn(tx, action, subject, { after }));
  }

  /** Records an administrative act in its transaction. */
  recordIn(
    tx: EntityManager,
    action: BackupAction,
    subject: string | null,
    change: { before?: object | undefined; after?: object | undefined },
  ): Promise<void> {
    return this.audit.record(tx, { action, subject, ...change });
  }

  /** What everybody knew of the data holds no longer, in no process: keys are valid again, or not yet. */
  async restored(filename: string, after?: object): Promise<void> {
    await this.cache.clear('*');
    await this.record('backup.restored', filename, after);
  }

  /** Does the work in maintenance mode, and leaves it afterwards where it was entered for this. */
  inMaintenance<T>(reason: string, work: () => Promise<T>): Promise<T> {
    return this.maintenance.during(reason, work);
  }

  /** Whether it is maintenance for this reason, in the whole installation: who heard of it may not have heard of its end. */
  async isInMaintenance(reason: string, tx?: EntityManager): Promise<boolean> {
    return (await (tx ? this.maintenance.hold(tx) : this.maintenance.look()))?.reason === reason;
  }

  /** Leaves maintenance that was entered for this reason by a process that is gone. */
  async leaveMaintenance(reason: string): Promise<void> {
    if (await this.isInMaintenance(reason)) await this.maintenance.leave();
  }
}
