import { Inject, Injectable } from '@nestjs/common';
import type { RetryPolicy } from 'cockatiel';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { retryPolicy } from '../resilience/retry-policy.js';
import { committed } from './after-commit.js';
import { isConflict } from './database-errors.js';

/** Opens transactions. Whatever runs inside one is repeated as a whole after a deadlock, so it has no other effects. */
@Injectable()
export class Transactor {
  private readonly retries: RetryPolicy;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.retries = retryPolicy(config.retry, isConflict);
  }

  /**
   * Runs the work in one transaction and commits it; any error rolls all of it back. Deadlocks and serialisation
   * failures are retried by the one retry policy, from the beginning.
   */
  run<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.retries.execute(async () => {
      const { tx, result } = await this.dataSource.transaction(async (tx) => ({
        tx,
        result: await work(tx),
      }));
      committed(tx);
      return result;
    });
  }
}
