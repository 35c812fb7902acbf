import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import type { RetentionKind } from './retention-kind.js';

/** The last run of one kind, in whichever process. */
export interface LastRun {
  readonly kind: string;
  readonly finishedAt: Date;
  readonly durationMs: number;
  readonly deleted: number;
}

/** What a run has deleted of one kind. */
export interface Cleared {
  readonly kind: RetentionKind['name'];
  readonly before: Date;
  readonly deleted: number;
  /** In milliseconds. */
  readonly duration: number;
}

/** The table of what was deleted at last, and who did it. */
@Injectable()
export class RetentionRuns {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  last(): Promise<LastRun[]> {
    return this.dataSource.query(
      `select kind, finished_at as "finishedAt", duration_ms as "durationMs", deleted::float8 as deleted
         from retention_runs`,
    );
  }

  /** Stores what became of a run. That nothing was to be deleted is nobody's act. */
  async ended({ kind, before, deleted, duration }: Cleared): Promise<void> {
    await this.transactor.run(async (tx) => {
      await tx.query(
        `insert into retention_runs (kind, finished_at, duration_ms, deleted) values ($1, $2, $3, $4)
         on conflict (kind) do update
            set finished_at = excluded.finished_at, duration_ms = excluded.duration_ms, deleted = excluded.deleted`,
        [kind, new Date(this.clock.now()), Math.round(duration), deleted],
      );
      if (deleted === 0) return;
      const after = { deleted, before: before.toISOString() };
      await this.audit.record(tx, { action: 'retention.deleted', subject: kind, after, automatic: true });
    });
  }
}
