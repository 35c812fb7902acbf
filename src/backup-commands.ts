import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { INestApplicationContext } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditModule } from './audit/audit.module.js';
import { BackupRunRepository } from './backups/backup-run.repository.js';
import { BackupsModule } from './backups/backups.module.js';
import { CacheModule } from './cache/cache.module.js';
import { SystemClock } from './clock/clock.js';
import { ClockModule } from './clock/clock.module.js';
import { type Config, ConfigurationError, loadConfig } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DataDirectory, DataDirectoryInUseError } from './database/data-directory.js';
import { createDataSource, directUrl } from './database/data-source.js';
import { DatabaseModule } from './database/database.module.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { runningEmbeddedUrl } from './database/running-embedded.js';
import { upgradeSchema, waitForDatabase } from './database/schema-upgrade.js';
import { createLog, type Log } from './logging/log.js';
import { LoggingModule } from './logging/logging.module.js';
import { type RequestContext, requestContext } from './logging/request-context.js';
import { MaintenanceModule } from './maintenance/maintenance.module.js';
import { ObservationsModule } from './observations/observations.module.js';
import { ProcessesModule } from './processes/processes.module.js';
import { RedisModule } from './redis/redis.module.js';
import { errorMessage } from './resilience/error-code.js';
import { ROUTINES } from './routines.js';

@Module({})
class CommandModule {}

/** How often progress is shown, in milliseconds. */
const SHOW_INTERVAL = 500;

/**
 * Runs a command for an administrator at a shell: against `DATABASE_URL`, or the embedded database, whether an Otklik
 * runs on it or not. What went wrong is one line, and exit code 1.
 */
export async function runCommand(
  environment: NodeJS.ProcessEnv,
  work: (application: INestApplicationContext) => Promise<string>,
): Promise<void> {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    const config = asCommand(loadConfig(environment));
    const log = await createLog({ ...config.log, level: 'error' });
    const database = await openDatabase(config, log);
    try {
      process.stdout.write(`${await withApplication(config, log, database.url, work)}\n`);
    } finally {
      await database.close();
      log.flush();
    }
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${error instanceof ConfigurationError ? error.message : errorMessage(error)}\n`);
  }
}

/** Nothing goes on by itself beside a command. */
function asCommand(config: Config): Config {
  return { ...config, process: { ...config.process, roles: [] } };
}

async function openDatabase(config: Config, log: Log): Promise<{ url: string; close(): Promise<void> }> {
  const { url, dataDir, embeddedPort: port, startWait } = config.database;
  if (url !== undefined) return { url, close: async () => undefined };
  let directory: DataDirectory;
  try {
    directory = await DataDirectory.open(dataDir);
  } catch (error) {
    if (!(error instanceof DataDirectoryInUseError)) throw error;
    return { url: runningEmbeddedUrl(dataDir), close: async () => undefined };
  }
  const embeddedLog = {
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
  };
  const database = await EmbeddedPostgres.start(directory, { port, startWait, log: embeddedLog });
  return {
    url: database.url,
    close: async () => {
      await database.stop();
      await directory.close();
    },
  };
}

/** Who has called the command, as the audit log has it. */
function atShell(): RequestContext {
  const traceId = randomUUID().replaceAll('-', '');
  const caller = { id: null, name: userInfo().username };
  return { traceId, requestId: traceId, origin: { ip: hostname(), caller } };
}

async function withApplication<T>(
  config: Config,
  log: Log,
  url: string,
  work: (application: INestApplicationContext) => Promise<T>,
): Promise<T> {
  await waitForDatabase(url, config.database.startWait, log);
  const dataSource = await createDataSource(url, config.database, [], log).initialize();
  try {
    await upgradeSchema(dataSource, directUrl(dataSource), ROUTINES, config.database.startWait);
    const imports = [
      ConfigModule.for(config),
      LoggingModule.for(log),
      DatabaseModule.for(dataSource),
      ClockModule.for(new SystemClock()),
      ObservationsModule,
      AuditModule,
      RedisModule,
      CacheModule,
      ProcessesModule,
      MaintenanceModule,
      BackupsModule.for(ROUTINES),
    ];
    const application = await NestFactory.createApplicationContext(
      { module: CommandModule, imports },
      { logger: false, abortOnError: false },
    );
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= application.close();
      return closing;
    };
    // What goes on is given up in order: nothing of it is left.
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
    try {
      return await requestContext.run(atShell(), () => work(application));
    } finally {
      await close();
    }
  } finally {
    await dataSource.destroy();
  }
}

/** Shows how far it is on a terminal until it has ended; elsewhere each step is a line. */
export async function showProgress<T>(application: INestApplicationContext, ended: Promise<T>): Promise<T> {
  const runs = application.get(BackupRunRepository);
  let shown = '';
  const timer = setInterval(() => {
    runs.running().then(
      (running) => {
        if (!running) return;
        const { phase, bytes, totalBytes } = running;
        const share = totalBytes ? ` ${Math.floor((100 * bytes) / totalBytes)} %` : '';
        const line = process.stderr.isTTY ? `${phase}: ${inMegabytes(bytes)}${share}` : phase;
        if (line !== shown) process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
        shown = line;
      },
      // While tables are exchanged, nobody can be asked.
      () => undefined,
    );
  }, SHOW_INTERVAL);
  try {
    return await ended;
  } finally {
    clearInterval(timer);
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}

/** A size as people read it. */
export function inMegabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
