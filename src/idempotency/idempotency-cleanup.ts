import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';

/** Deletes expired idempotency keys from time to time, a batch at a time. */
@Injectable()
export class IdempotencyCleanup {
  private readonly batchSize: number;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.batchSize = config.cleanup.batchSize;
    processes.register({
      name: 'idempotency-cleanup',
      description: 'Deletes idempotency keys that have expired.',
      interval: config.cleanup.idempotencyInterval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Deletes what has expired by now. Processes that do this at the same time pass over each other's rows. */
  async run(stopping?: AbortSignal): Promise<Run> {
    for (let deleted = 0; ; ) {
      const [, count] = await this.dataSource.query(
        `delete from idempotency_records
          where (owner_id, key) in (
            select owner_id, key from idempotency_records
             where expires_at <= $1
             order by expires_at
             limit $2
               for update skip locked)`,
        [new Date(this.clock.now()), this.batchSize],
      );
      deleted += count;
      if (count < this.batchSize || stopping?.aborted) return { handled: deleted };
    }
  }
}
