import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/** What somebody decided about a background process, for all processes of this installation. */
export interface ProcessSwitch {
  readonly name: string;
  readonly pausedAt: Date | null;
  /** How often somebody asked the workers for a run. */
  readonly runRequests: number;
}

/** The table of what was decided about background processes. One without a row goes on. */
@Injectable()
export class ProcessSwitchRepository {
  constructor(private readonly dataSource: DataSource) {}

  list(): Promise<ProcessSwitch[]> {
    return this.dataSource.query(
      `select name, paused_at as "pausedAt", run_requests as "runRequests" from background_processes`,
    );
  }

  /** Pausing what is paused keeps the time of the first. @returns whether it was not paused */
  async pause(tx: EntityManager, name: string, at: Date): Promise<boolean> {
    const rows: unknown[] = await tx.query(
      `insert into background_processes as process (name, paused_at) values ($1, $2)
       on conflict (name) do update set paused_at = excluded.paused_at where process.paused_at is null
       returning name`,
      [name, at],
    );
    return rows.length > 0;
  }

  /** @returns since when it was paused; undefined: it was not */
  async resume(tx: EntityManager, name: string): Promise<Date | undefined> {
    const [paused]: { since: Date }[] = await tx.query(
      `select paused_at as since from background_processes
        where name = $1 and paused_at is not null
          for update`,
      [name],
    );
    if (paused) await tx.query('update background_processes set paused_at = null where name = $1', [name]);
    return paused?.since;
  }

  /** Asks the processes with the role `worker` for a run. */
  async requestRun(tx: EntityManager, name: string): Promise<void> {
    await tx.query(
      `insert into background_processes as process (name, run_requests) values ($1, 1)
       on conflict (name) do update set run_requests = process.run_requests + 1`,
      [name],
    );
  }
}
