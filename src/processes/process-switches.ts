import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Transactor } from '../database/transactor.js';

/** What somebody decided about a background process, for all processes of this installation. */
export interface ProcessSwitch {
  readonly name: string;
  readonly pausedAt: Date | null;
  /** How often somebody asked the workers for a run. */
  readonly runRequests: number;
}

/** The table of what was decided about background processes. One without a row goes on. */
@Injectable()
export class ProcessSwitches {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
  ) {}

  list(): Promise<ProcessSwitch[]> {
    return this.dataSource.query(
      `select name, paused_at as "pausedAt", run_requests as "runRequests" from background_processes`,
    );
  }

  /** Pausing what is paused keeps the time of the first. */
  async pause(name: string, at: Date): Promise<void> {
    await this.transactor.run(async (tx) => {
      const rows: unknown[] = await tx.query(
        `insert into background_processes as process (name, paused_at) values ($1, $2)
         on conflict (name) do update set paused_at = excluded.paused_at where process.paused_at is null
         returning name`,
        [name, at],
      );
      if (rows.length > 0) await this.audit.record(tx, { action: 'process.paused', subject: name });
    });
  }

  async resume(name: string): Promise<void> {
    await this.transactor.run(async (tx) => {
      const [, count] = await tx.query(
        'update background_processes set paused_at = null where name = $1 and paused_at is not null',
        [name],
      );
      if (count > 0) await this.audit.record(tx, { action: 'process.resumed', subject: name });
    });
  }

  /** Records that somebody wants a run. */
  async recordRun(name: string): Promise<void> {
    await this.audit.recordAlone({ action: 'process.run', subject: name });
  }

  /** Asks the processes with the role `worker` for a run. */
  async requestRun(name: string): Promise<void> {
    await this.dataSource.query(
      `insert into background_processes as process (name, run_requests) values ($1, 1)
       on conflict (name) do update set run_requests = process.run_requests + 1`,
      [name],
    );
  }
}
