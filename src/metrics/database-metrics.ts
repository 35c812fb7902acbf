import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { poolOf } from '../database/pinging-pool.js';
import { SqlLog } from '../database/sql-log.js';
import { Metrics } from './metrics.js';

/** The way to the database: its connections, how long one is waited for, and what statements take. */
@Injectable()
export class DatabaseMetrics {
  constructor(metrics: Metrics, dataSource: DataSource, @Inject(CONFIG) { database }: Config) {
    const pool = poolOf(dataSource);
    metrics.gauge('database_connections', 'Open connections to the database.', ['state'], () => [
      [{ state: 'in_use' }, pool.totalCount - pool.idleCount],
      [{ state: 'idle' }, pool.idleCount],
    ]);
    metrics.gauge('database_connections_max', 'Most connections at once (DATABASE_POOL_MAX).', [], () => [
      [{}, database.poolMax],
    ]);
    metrics.gauge(
      'database_connection_requests_waiting',
      'Pieces of work that wait for a connection.',
      [],
      () => [[{}, pool.waitingCount]],
    );
    const waits = metrics.histogram(
      'database_connection_wait_seconds',
      'How long a connection was waited for.',
      [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    );
    const failures = metrics.counter(
      'database_connection_failures_total',
      'How often no connection was to be had: the database was away, or the wait too long (DATABASE_POOL_WAIT).',
    );
    const durations = metrics.histogram(
      'database_statement_duration_seconds',
      'How long statements took, by the function of ours that was called, or by the first word of the statement.',
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      ['statement'],
    );
    const errors = metrics.counter('database_statement_errors_total', 'Statements that failed.', [
      'statement',
    ]);
    pool.observer = {
      waited: (seconds, isConnected) => {
        waits.observe(seconds);
        if (!isConnected) failures.inc();
      },
      ran: (statement, seconds, isDone) => {
        durations.observe({ statement }, seconds);
        if (!isDone) errors.inc({ statement });
      },
    };
    metrics.counted(
      'database_slow_statements_total',
      'Statements slower than DATABASE_SLOW_QUERY.',
      [],
      () => [[{}, dataSource.logger instanceof SqlLog ? dataSource.logger.slowQueries : 0]],
    );
  }
}
