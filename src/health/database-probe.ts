import { Inject, Injectable } from '@nestjs/common';
import type { PoolClient, QueryConfig } from 'pg';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { PingingPool } from '../database/pinging-pool.js';
import { type Finding, SingleProbe } from './single-probe.js';

/**
 * All questions of health to the database: together they hold one connection at most, and one that gives no answer
 * in time is thrown away, so that the next question finds out whether another one works.
 */
@Injectable()
export class DatabaseProbe {
  private readonly probe: SingleProbe;
  private readonly limit: number;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.limit = config.health.probeTimeout;
    this.probe = new SingleProbe(this.limit);
  }

  /**
   * Sends a statement.
   *
   * @param name who asks under the same name at the same time gets the same answer
   */
  ask<Row extends object>(
    name: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Finding<Row[]>> {
    return this.probe.ask(name, () => this.query<Row>(text, [...values]));
  }

  /** How many connections there are, and how many wait for one. */
  get pool(): PingingPool {
    return (this.dataSource.driver as unknown as { master: PingingPool }).master;
  }

  private async query<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    const client: PoolClient = await this.pool.connect();
    try {
      // node-postgres takes the limit with the query (client.js); its types know it only for the whole client.
      const query: QueryConfig & { query_timeout: number } = { text, values, query_timeout: this.limit };
      const { rows } = await client.query(query);
      client.release();
      return rows as Row[];
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}
