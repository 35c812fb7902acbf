import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import type { Clearing } from './clearing.js';

/** The last run of one kind, in whichever process. */
export interface LastRun {
  readonly kind: string;
  readonly finishedAt: Date;
  readonly durationMs: number;
  readonly deleted: number;
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

  /**
   * Stores what became of runs. That nothing was to be deleted is nobody's act, and of bookkeeping nobody asks who has
   * deleted it: neither stands in the audit log.
   */
  async ended(runs: readonly Clearing[]): Promise<void> {
    if (runs.length === 0) return;
    const recorded = runs.filter(({ kind, deleted }) => kind.isRecorded && deleted > 0);
    if (recorded.length === 0) return this.store(this.dataSource, runs);
    await this.transactor.run(async (tx) => {
      await this.store(tx, runs);
      for (const { kind, before, deleted } of recorded) {
        const after = { deleted, before: before.toISOString() };
        await this.audit.record(tx, {
          action: 'retention.deleted',
          subject: kind.name,
          after,
          automatic: true,
        });
      }
    });
  }

  /** Several in the order of their names: processes that do this at the same time wait for each other in one order. */
  private async store(tx: DataSource | EntityManager, runs: readonly Clearing[]): Promise<void> {
    await tx.query(
      `insert into retention_runs (kind, finished_at, duration_ms, deleted)
       select kind, $1, duration_ms, deleted
         from unnest($2::text[], $3::integer[], $4::bigint[]) as run (kind, duration_ms, deleted)
        order by kind
       on conflict (kind) do update
          set finished_at = excluded.finished_at, duration_ms = excluded.duration_ms, deleted = excluded.deleted`,
      [
        new Date(this.clock.now()),
        runs.map(({ kind }) => kind.name),
        runs.map(({ duration }) => Math.round(duration)),
        runs.map(({ deleted }) => deleted),
      ],
    );
  }
}
