import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import type { BackgroundProcess } from './background-process.js';
import { BackgroundProcesses } from './background-processes.js';
import type { ProcessStatus } from './process-runner.js';
import { ProcessSwitchRepository } from './process-switch.repository.js';
import { ProcessSwitches } from './process-switches.js';

/** A background process: what it is, how it stands here, and what was decided about it everywhere. */
export interface ListedProcess {
  readonly process: BackgroundProcess;
  readonly status: ProcessStatus;
  readonly pausedAt: Date | undefined;
}

/**
 * What administrators see of background processes, and do with them. Whether one is paused stands in the database, so it
 * holds for every process of the installation and across restarts.
 */
@Injectable()
export class ProcessControl {
  constructor(
    private readonly processes: BackgroundProcesses,
    private readonly switches: ProcessSwitches,
    private readonly table: ProcessSwitchRepository,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** Every background process, in the order of their names. */
  async list(): Promise<ListedProcess[]> {
    await this.switches.look();
    const names = this.processes.statuses().map(([name]) => name);
    return names.sort().map((name) => this.listed(name));
  }

  /** @throws DomainError `process_not_found` */
  async pause(name: string): Promise<ListedProcess> {
    this.processes.runner(name);
    const at = new Date(this.clock.now());
    await this.transactor.run(async (tx) => {
      if (!(await this.table.pause(tx, name, at))) return;
      const [before, after] = [{ pausedAt: null }, { pausedAt: at.toISOString() }];
      await this.audit.record(tx, { action: 'process.paused', subject: name, before, after });
    });
    await this.switches.announce();
    return this.listed(name);
  }

  /** @throws DomainError `process_not_found` */
  async resume(name: string): Promise<ListedProcess> {
    this.processes.runner(name);
    await this.transactor.run(async (tx) => {
      const since = await this.table.resume(tx, name);
      if (!since) return;
      const [before, after] = [{ pausedAt: since.toISOString() }, { pausedAt: null }];
      await this.audit.record(tx, { action: 'process.resumed', subject: name, before, after });
    });
    await this.switches.announce();
    return this.listed(name);
  }

  /**
   * Runs it now, even while somebody has paused it, and waits for the end of the run; where this process is no worker,
   * the workers are asked to.
   *
   * @throws DomainError `process_not_found`; `maintenance`, but for what goes on in it
   */
  async run(name: string): Promise<ListedProcess> {
    const runner = this.processes.runnable(name);
    const act = { action: 'process.run', subject: name } as const;
    if (this.processes.isWorker) {
      const end = () => runner.runWhole();
      await this.audit.perform(act, end, () => runner.status.lastError);
    } else {
      await this.transactor.run(async (tx) => {
        await this.table.requestRun(tx, name);
        await this.audit.record(tx, act);
      });
      await this.switches.announce();
    }
    return this.listed(name);
  }

  private listed(name: string): ListedProcess {
    const { process, status } = this.processes.runner(name);
    return { process, status, pausedAt: this.switches.pausedAt(name) };
  }
}
