import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { BackupMetadata } from './backup-metadata.js';
import { BackupScript } from './backup-script.js';
import { databaseUrl } from './backup-writer.js';
import { withConnectionInfo } from './connection-info.js';
import { PostgresPrograms } from './postgres-programs.js';
import { ProgramRun } from './program-run.js';
import type { RunProgress } from './run-progress.js';

/** Where a script goes, and what is done around it. */
export interface Load {
  /** Another database of the same server; absent: ours. */
  readonly database?: string;
  /** Opens the transaction, and makes the schema that the script fills. */
  readonly before: string;
  /** What has to be so for the commit, and the commit. */
  readonly after: string;
}

/**
 * Runs a backup's script through psql in one transaction. Its commit is the last that psql is told, after the whole
 * backup was read without an error: whatever fails before ends the connection, and PostgreSQL rolls all of it back.
 */
@Injectable()
export class ScriptLoader {
  constructor(
    private readonly script: BackupScript,
    private readonly programs: PostgresPrograms,
    private readonly dataSource: DataSource,
  ) {}

  load(metadata: BackupMetadata, { database, before, after }: Load, progress: RunProgress): Promise<void> {
    return withConnectionInfo(
      databaseUrl(this.dataSource),
      async (connectionInfo) => {
        const words = ['--no-psqlrc', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1', connectionInfo];
        const psql = ProgramRun.start(
          this.programs.psql,
          words,
          { stdin: true, stdout: false },
          progress.signal,
        );
        // Where psql ends early, writing to it fails, and its own words say why.
        psql.stdin.on('error', () => undefined);
        try {
          psql.stdin.write(before);
          await this.script.copyTo(psql.stdin, metadata, progress);
          progress.begin('committing', undefined);
          psql.stdin.end(after);
        } catch (error) {
          const reason = await psql.whyUnwritten(error);
          await psql.kill();
          throw reason;
        }
        await psql.ended;
      },
      database,
    );
  }
}
