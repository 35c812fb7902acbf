import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Transactor } from '../database/transactor.js';
import type { BackupMetadata } from './backup-metadata.js';
import type { BackupKind } from './backup-name.js';

/** Something that is done about a backup, or was. */
export interface BackupRun {
  readonly id: string;
  readonly action: 'backup' | 'restore' | 'verification';
  readonly kind: BackupKind;
  readonly filename: string;
  readonly status: 'running' | 'completed' | 'failed';
  readonly phase: string;
  readonly bytes: number;
  readonly totalBytes: number | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly error: string | null;
  readonly metadata: BackupMetadata | null;
}

export type NewRun = Pick<BackupRun, 'id' | 'action' | 'kind' | 'filename' | 'startedAt'>;

/** What a run tells of itself while it goes on. */
export type RunState = Pick<BackupRun, 'phase' | 'bytes' | 'totalBytes'>;

export type RunEnd = Pick<BackupRun, 'error' | 'metadata' | 'bytes'> & { readonly at: Date };

const COLUMNS = `id, action, kind, filename, status, phase, bytes::float8, total_bytes::float8 as "totalBytes",
  started_at as "startedAt", finished_at as "finishedAt", error, metadata`;

export interface RunStatistics {
  readonly completed: number;
  readonly failed: number;
  readonly lastCompletedAt: Date | null;
  readonly lastFailedAt: Date | null;
  readonly lastError: string | null;
  readonly averageDurationMs: number | null;
}

/** The table of what was done about backups. One row alone says that something is done now. */
@Injectable()
export class BackupRunRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
  ) {}

  /**
   * Begins, unless something else goes on, or the time of the schedule that it is for was seen to: then it answers
   * false.
   *
   * @param record says in the same transaction who wanted it
   */
  begin(
    run: NewRun,
    leasedUntil: Date,
    slot: Date | null,
    record: (tx: EntityManager, run: NewRun) => Promise<void>,
  ): Promise<boolean> {
    return this.transactor.run(async (tx) => {
      const rows: unknown[] = await tx.query(
        `insert into backup_runs (id, action, kind, filename, status, phase, started_at, leased_until)
         select $1, $2, $3::text, $4, 'running', 'starting', $5, $6
          where $7::timestamptz is null
             or exists (select from backup_schedule
                         where case $3::text when 'daily' then daily_slot else weekly_slot end < $7)
             on conflict do nothing
         returning id`,
        [run.id, run.action, run.kind, run.filename, run.startedAt, leasedUntil, slot],
      );
      if (rows.length === 0) return false;
      await record(tx, run);
      return true;
    });
  }

  /** Says how far it is and that its process lives. @returns whether it still goes on, as far as others know */
  async keep(id: string, { phase, bytes, totalBytes }: RunState, leasedUntil: Date): Promise<boolean> {
    const [, count] = await this.dataSource.query(
      `update backup_runs set phase = $2, bytes = $3, total_bytes = $4, leased_until = $5
        where id = $1 and status = 'running'`,
      [id, phase, bytes, totalBytes, leasedUntil],
    );
    return count === 1;
  }

  async finish(id: string, { at, error, metadata, bytes }: RunEnd): Promise<void> {
    await this.dataSource.query(
      `update backup_runs
          set status = $2, finished_at = $3, error = $4, metadata = $5, bytes = $6
        where id = $1 and status = 'running'`,
      [id, error === null ? 'completed' : 'failed', at, error, metadata, bytes],
    );
  }

  /** Gives up what a process that is gone has left. @returns the runs that were given up */
  async giveUpAbandoned(at: Date): Promise<BackupRun[]> {
    const [rows]: [BackupRun[], number] = await this.dataSource.query(
      `update backup_runs set status = 'failed', finished_at = $1, error = 'The process that did it is gone.'
        where status = 'running' and leased_until < $1
       returning ${COLUMNS}`,
      [at],
    );
    return rows;
  }

  async running(): Promise<BackupRun | undefined> {
    const [row]: BackupRun[] = await this.dataSource.query(
      `select ${COLUMNS} from backup_runs where status = 'running'`,
    );
    return row;
  }

  /** Which backup is being restored by a process that lives. */
  async beingRestored(at: Date): Promise<string | undefined> {
    const [row]: { filename: string }[] = await this.dataSource.query(
      `select filename from backup_runs where action = 'restore' and status = 'running' and leased_until >= $1`,
      [at],
    );
    return row?.filename;
  }

  /** Backups that came to nothing, newest first. */
  failedBackups(): Promise<BackupRun[]> {
    return this.dataSource.query(
      `select ${COLUMNS} from backup_runs where action = 'backup' and status = 'failed'
        order by id desc limit 100`,
    );
  }

  /** The last restore or verification that is over. */
  async last(action: BackupRun['action']): Promise<BackupRun | undefined> {
    const [row]: BackupRun[] = await this.dataSource.query(
      `select ${COLUMNS} from backup_runs where action = $1 and status <> 'running'
        order by id desc limit 1`,
      [action],
    );
    return row;
  }

  async statistics(database: Pick<EntityManager, 'query'> = this.dataSource): Promise<RunStatistics> {
    const [row]: RunStatistics[] = await database.query(
      `select count(*) filter (where status = 'completed')::integer as completed,
              count(*) filter (where status = 'failed')::integer as failed,
              max(finished_at) filter (where status = 'completed') as "lastCompletedAt",
              max(finished_at) filter (where status = 'failed') as "lastFailedAt",
              (array_agg(error order by id desc) filter (where status = 'failed'))[1] as "lastError",
              (avg(extract(epoch from finished_at - started_at)) filter (where status = 'completed') * 1000)::float8
                as "averageDurationMs"
         from backup_runs where action = 'backup'`,
    );
    if (!row) throw new Error('There are no statistics of backups.');
    return row;
  }

  /** Forgets what is over since then, but for the last backup that was made: nobody shall think that there was none. */
  async forget(before: Date): Promise<void> {
    await this.dataSource.query(
      `delete from backup_runs
        where finished_at < $1
          and id is distinct from (select id from backup_runs
                                    where action = 'backup' and status = 'completed'
                                    order by finished_at desc limit 1)`,
      [before],
    );
  }
}
