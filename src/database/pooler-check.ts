import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { isPooled } from './data-source.js';

/**
 * Behind PgBouncer a connection cannot bring its limits along, so the role has to have them. Without them, a statement
 * that Otklik has given up runs on in PostgreSQL: said once, as it starts.
 */
@Injectable()
export class PoolerCheck implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!isPooled(this.dataSource)) return;
    try {
      const [row] = await this.dataSource.query<{ timeout: string; role: string }[]>(
        `select current_setting('statement_timeout') as timeout, quote_ident(current_user) as role`,
      );
      if (row?.timeout !== '0') return;
      this.log.warn(
        `PostgreSQL gives no statement up that comes through the pooler: alter role ${row.role} set statement_timeout = '30s'`,
      );
    } catch (error) {
      this.log.debug(`The pooler was not asked for its limits: ${errorMessage(error)}`);
    }
  }
}
