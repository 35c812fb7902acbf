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

/** What the pool gets from us beyond that. */
interface Extra {
  readonly pingAfter: number;
  readonly directUrl: string | undefined;
}

/** What PostgreSQL sets as a connection begins. PgBouncer refuses these: there, the role has to have them. */
function sessionLimits(settings: Config['database']): pg.PoolConfig {
  if (settings.directUrl !== undefined) return {};
  return {
    statement_timeout: settings.statementTimeout,
    idle_in_transaction_session_timeout: settings.statementTimeout,
  };
}

/** The pool's share of the configuration, as node-postgres names it. */
function poolOptions(settings: Config['database']): pg.PoolConfig & Extra {
  return {
    max: settings.poolMax,
    min: settings.poolMin,
    connectionTimeoutMillis: settings.poolWait,
    idleTimeoutMillis: settings.poolIdle,
    maxLifetimeSeconds: settings.poolLifetime / 1000,
    ...sessionLimits(settings),
    // Where PostgreSQL itself hangs, nobody there gives the statement up.
    query_timeout: settings.statementTimeout + HUNG_SERVER_GRACE,
    keepAlive: true,
    application_name: 'otklik',
    pingAfter: settings.pingAfter,
    directUrl: settings.directUrl,
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
    // Ours needs none, and a replica would refuse.
    installExtensions: false,
    logger: new SqlLog(log),
    maxQueryExecutionTime: settings.slowQuery,
    // Its code and words only: node-postgres hangs the whole connection on the error, its secrets included.
    poolErrorHandler: (error: Error) =>
      log.warn({ code: errorCode(error) }, `An idle database connection was lost: ${errorMessage(error)}`),
    extra: poolOptions(settings),
  });
}

/**
 * Where the database is reached without a pooler in between, for what needs a session of its own: listening, locks
 * that outlive a transaction, pg_dump. With the password: never to be logged.
 */
export function directUrl(dataSource: DataSource): string {
  const { url, extra } = dataSource.options as { url?: string; extra?: Extra };
  const found = extra?.directUrl ?? url;
  if (found === undefined) throw new Error('The database has no URL.');
  return found;
}

/** Whether a pooler stands before the database, so that two transactions may have two sessions. */
export function isPooled(dataSource: DataSource): boolean {
  return (dataSource.options.extra as Extra | undefined)?.directUrl !== undefined;
}
