import { Injectable } from '@nestjs/common';
import type { BackupView, RunView, VerificationView, VerifyBackup } from './backup.schemas.js';
import { runView, unfinishedView } from './backup.view.js';
import { BackupActs } from './backup-acts.js';
import { BackupFiles } from './backup-files.js';
import { BackupMaker } from './backup-maker.js';
import type { BackupMetadata } from './backup-metadata.js';
import type { BackupKind } from './backup-name.js';
import { BackupRestores } from './backup-restores.js';
import type { BegunRun, RecordRun } from './backup-runner.js';
import { BackupVerifications } from './backup-verifications.js';
import { PostgresPrograms } from './postgres-programs.js';

/** Backups as an administrator deals with them: made, verified, restored. */
@Injectable()
export class BackupService {
  constructor(
    private readonly files: BackupFiles,
    private readonly programs: PostgresPrograms,
    private readonly maker: BackupMaker,
    private readonly verifications: BackupVerifications,
    private readonly restores: BackupRestores,
    private readonly acts: BackupActs,
  ) {}

  /** As `begin`, by hand. */
  async create(): Promise<BackupView> {
    return unfinishedView((await this.begin('manual')).run);
  }

  /**
   * Begins a backup, which goes on.
   *
   * @throws DomainError `backup_unavailable`, `backup_running`
   */
  async begin(kind: BackupKind): Promise<BegunRun<BackupMetadata>> {
    await this.programs.check();
    return this.maker.begin(kind, this.recording('backup.requested', { kind }));
  }

  /** @throws DomainError `backup_not_found`, `backup_unavailable`, `backup_running` */
  async verify(filename: string, { trialRestore = false }: VerifyBackup): Promise<VerificationView> {
    const metadata = await this.files.find(filename);
    if (trialRestore) await this.programs.check();
    const record = this.recording('backup.verification_requested', { trialRestore });
    const verification = await this.verifications.verify(metadata, trialRestore, record);
    await this.acts.record('backup.verified', filename, { trialRestore, valid: verification.valid });
    return verification;
  }

  /** As `beginRestore`. */
  async restore(filename: string): Promise<RunView> {
    return runView((await this.beginRestore(filename)).run);
  }

  /**
   * Begins to restore a backup, which goes on.
   *
   * @throws DomainError `backup_not_found`, `backup_unavailable`, `backup_too_new`, `backup_running`
   */
  async beginRestore(filename: string): Promise<BegunRun<BackupMetadata>> {
    const metadata = await this.files.find(filename);
    await this.programs.check();
    return this.restores.begin(metadata, this.recording('backup.restore_requested'));
  }

  /** Who wants it stands in the audit log from the moment on at which it is begun. */
  private recording(action: `backup.${string}`, after?: object): RecordRun {
    return (tx, { filename }) => this.acts.recordIn(tx, action, filename, { after });
  }
}
