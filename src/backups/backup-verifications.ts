import { Injectable } from '@nestjs/common';
import { DomainError } from '../errors/domain-error.js';
import { errorMessage } from '../resilience/error-code.js';
import type { VerificationView } from './backup.schemas.js';
import type { BackupMetadata } from './backup-metadata.js';
import { BackupRunner, type RecordRun } from './backup-runner.js';
import { BackupVerifier } from './backup-verifier.js';

/** Verifies backups, one at a time, and says what is wrong with one. */
@Injectable()
export class BackupVerifications {
  constructor(
    private readonly runner: BackupRunner,
    private readonly verifier: BackupVerifier,
  ) {}

  /** @throws DomainError `backup_running` */
  async verify(
    metadata: BackupMetadata,
    trialRestore: boolean,
    record: RecordRun,
  ): Promise<VerificationView> {
    const { filename, kind } = metadata;
    const result = { checksum: false, trialRestore: null as VerificationView['trialRestore'] };
    const { ended } = await this.runner.begin(
      { action: 'verification', kind, filename: () => filename, record },
      async ({ id }, progress) => {
        await this.verifier.checkFile(metadata, progress);
        result.checksum = true;
        if (trialRestore) {
          const tables = await this.verifier.tryRestore(id, metadata, progress);
          const differences = tables.filter(({ rows, expectedRows }) => rows !== expectedRows);
          const rows = tables.reduce((sum, table) => sum + table.rows, 0);
          result.trialRestore = { tables: tables.length, rows, differences };
          if (differences.length > 0)
            throw new Error(`${differences.length} tables have not as many rows as they had.`);
        }
        return metadata;
      },
    );
    const error = await ended.then(
      () => null,
      (reason: unknown) => {
        // Not the backup's fault: its programs are missing.
        if (reason instanceof DomainError) throw reason;
        return errorMessage(reason);
      },
    );
    return { filename, valid: error === null, ...result, error };
  }
}
