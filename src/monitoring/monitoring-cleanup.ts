import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';

/** Deletes what the monitor saw long ago, and alerts that were resolved long ago, a batch at a time. */
@Injectable()
export class MonitoringCleanup {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    processes.register({
      name: 'monitoring-cleanup',
      description: 'Deletes what the monitor saw long ago, and alerts that were resolved long ago.',
      interval: config.monitoring.cleanupInterval,
      run: (stopping) => this.run(stopping),
    });
  }

  async run(stopping?: AbortSignal): Promise<Run> {
    const now = this.clock.now();
    const seen = new Date(now - this.config.monitoring.retention);
    const resolved = new Date(now - this.config.alerts.retention);
    const handled =
      (await this.delete('monitoring_samples', 'at', seen, stopping)) +
      (await this.delete('alerts', 'resolved_at', resolved, stopping));
    // A row for each process that there was; they are few.
    await this.dataSource.query('delete from monitoring_states where seen_at < $1', [seen]);
    await this.dataSource.query('delete from monitoring_probes where written_at < $1', [seen]);
    return { handled };
  }

  /** Processes that do this at the same time pass over each other's rows. */
  private async delete(table: string, time: string, before: Date, stopping?: AbortSignal): Promise<number> {
    const { batchSize } = this.config.cleanup;
    for (let deleted = 0; ; ) {
      const [, count] = await this.dataSource.query(
        `delete from ${table}
          where id in (
            select id from ${table} where ${time} < $1 order by ${time} limit $2 for update skip locked)`,
        [before, batchSize],
      );
      deleted += count;
      if (count < batchSize || stopping?.aborted) return deleted;
    }
  }
}
