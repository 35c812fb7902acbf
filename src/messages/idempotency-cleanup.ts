import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';

/** Deletes expired idempotency keys from time to time, a batch at a time, in processes with the role `worker`. */
@Injectable()
export class IdempotencyCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.process.roles.includes('worker')) return;
    this.timer = setInterval(() => {
      this.running = this.run().then(
        (deleted) => this.log.debug({ deleted }, 'expired idempotency keys deleted'),
        (error) => this.log.warn(`Expired idempotency keys were not deleted: ${errorMessage(error)}`),
      );
    }, this.config.cleanup.idempotencyInterval).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Deletes what has expired by now. Processes that do this at the same time pass over each other's rows. */
  async run(): Promise<number> {
    const { batchSize } = this.config.cleanup;
    for (let deleted = 0; ; ) {
      const [, count] = await this.dataSource.query(
        `delete from idempotency_records
          where (owner_id, key) in (
            select owner_id, key from idempotency_records
             where expires_at <= $1
             order by expires_at
             limit $2
               for update skip locked)`,
        [new Date(this.clock.now()), batchSize],
      );
      deleted += count;
      if (count < batchSize || this.stopped) return deleted;
    }
  }
}
