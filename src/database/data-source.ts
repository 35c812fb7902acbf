import pg from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { MIGRATIONS } from '../../migrations/index.js';
import type { Config } from '../config/config.js';
import type { Log } from '../logging/log.js';
import { errorCode, errorMessage } from '../resilience/error-code.js';
import { PingingPool } from './pinging-pool.js';
import { SqlLog } from './sql-log.js';

/** How much later than PostgreSQL we give a statement up, in milliseconds. */
const HUNG_SERVER_GRACE = 1_000;

/** The pool's share of the configuration, as node-postgres names it. */
function poolOptions(settings: Config['database']): pg.PoolConfig & { pingAfter: number } {
  return {
    max: settings.poolMax,
    min: settings.poolMin,
    connectionTimeoutMillis: settings.poolWait,
    idleTimeoutMillis: settings.poolIdle,
    maxLifetimeSeconds: settings.poolLifetime / 1000,
    statement_timeout: settings.statementTimeout,
    // Where PostgreSQL itself hangs, nobody there gives the statement up.
    query_timeout: settings.statementTimeout + HUNG_SERVER_GRACE,
    idle_in_transaction_session_timeout: settings.statementTimeout,
    keepAlive: true,
    application_name: 'otklik',
    pingAfter: settings.pingAfter,
  };
}

/** The application's database: a pool of tested connections, and a log of slow statements. */
export function createDataSource(
  url: string,
  settings: Config['database'],
  entities: EntityTarget<ObjectLiteral>[],
  log: Log,
): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    driver: { ...pg, Pool: PingingPool },
    entities: entities as never[],
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    synchronize: false,
    logger: new SqlLog(log),
    maxQueryExecutionTime: settings.slowQuery,
    // Its code and words only: node-postgres hangs the whole connection on the error, its secrets included.
    poolErrorHandler: (error: Error) =>
      log.warn({ code: errorCode(error) }, `An idle database connection was lost: ${errorMessage(error)}`),
    extra: poolOptions(settings),
  });
}
