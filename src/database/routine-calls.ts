import { Inject, Injectable } from '@nestjs/common';
import type { PoolClient, QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { isPooled } from './data-source.js';
import type { Routine } from './routines.js';

/** Calls functions inside PostgreSQL; each call is a transaction of its own, and one round trip. */
@Injectable()
export class RoutineCalls {
  private readonly slowQuery: number;
  private readonly isPooled: boolean;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.slowQuery = config.database.slowQuery;
    this.isPooled = isPooled(dataSource);
  }

  /**
   * Calls by a prepared statement, which TypeORM's own query() would parse and plan anew each time. Behind a pooler,
   * it would be prepared in one session and called in another; so it is parsed anew there. Plans inside are kept.
   */
  async call<Row extends QueryResultRow>(routine: Routine, values: readonly unknown[]): Promise<Row[]> {
    const parameters = values.map((_, index) => `$${index + 1}`).join(', ');
    const text = `select * from ${routine.name}(${parameters})`;
    const runner = this.dataSource.createQueryRunner();
    try {
      const client: PoolClient = await runner.connect();
      const started = performance.now();
      const { rows } = await client.query<Row>({
        ...(!this.isPooled && { name: routine.name }),
        text,
        values: [...values],
      });
      const elapsed = performance.now() - started;
      if (elapsed > this.slowQuery) this.dataSource.logger.logQuerySlow(elapsed, text);
      return rows;
    } finally {
      await runner.release();
    }
  }
}
