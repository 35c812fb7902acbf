import type { Logger } from 'typeorm';
import type { Log } from '../logging/log.js';
import { errorCode } from '../resilience/error-code.js';

/** PostgreSQL's code for a statement that hit DATABASE_STATEMENT_TIMEOUT. */
const QUERY_CANCELED = '57014';

/** TypeORM's words in our log: slow statements with their duration, never with their parameters. */
export class SqlLog implements Logger {
  slowQueries = 0;

  constructor(private readonly output: Log) {}

  logQuery(): void {}

  logQueryError(error: string | Error, query: string): void {
    const timedOut = errorCode(error) === QUERY_CANCELED;
    this.output[timedOut ? 'warn' : 'debug']({ sql: oneLine(query), err: error }, 'statement failed');
  }

  logQuerySlow(time: number, query: string): void {
    this.slowQueries++;
    this.output.warn({ sql: oneLine(query), durationMs: time }, 'slow statement');
  }

  logSchemaBuild(message: string): void {
    this.output.debug(message);
  }

  logMigration(message: string): void {
    this.output.info(message);
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    this.output[level === 'warn' ? 'warn' : 'info'](String(message));
  }
}

function oneLine(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim().slice(0, 500);
}
