import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import { newApiKey } from './auth/api-key.service.js';
import { type Clock, SystemClock } from './clock/clock.js';
import type { Config } from './config/config.js';
import { packageFolder } from './config/package-folder.js';
import { DataDirectory } from './database/data-directory.js';
import { createDataSource, directUrl } from './database/data-source.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { upgradeSchema, waitForDatabase } from './database/schema-upgrade.js';
import { ENTITIES } from './entities.js';
import { webhookOperations } from './events/webhook-operations.js';
import { checkPort, createHttpAdapter, listen, setUpRequests } from './http/http-application.js';
import { createDocument, serveDocument } from './http/openapi.js';
import { ShutdownGate } from './http/shutdown-gate.js';
import { type Log, NestLog } from './logging/log.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { ROUTINES } from './routines.js';

/** A running Otklik. */
export interface Otklik {
  /** Where it listens. */
  readonly url: string;
  readonly application: NestFastifyApplication;
  /** The administrator's key, where this start made it: to be shown once. */
  readonly newAdminApiKey: string | undefined;
  /** Where the administrator's key is kept, with the embedded database. */
  readonly adminApiKeyFile: string | undefined;
  /** Turns not ready, finishes what runs, and closes everything; within the deadline of the configuration. */
  stop(): Promise<void>;
}

interface Database {
  readonly url: string;
  readonly config: Config;
  readonly newAdminApiKey: string | undefined;
  readonly adminApiKeyFile: string | undefined;
  close(): Promise<void>;
}

/**
 * Starts Otklik: database, schema, application, in this order.
 *
 * @param clock the time it goes by
 * @param calledOff ends the waiting for a database that does not answer
 * @throws whatever keeps it from starting; nothing is left running then
 */
export async function startOtklik(
  settings: Config,
  log: Log,
  clock: Clock = new SystemClock(),
  calledOff?: AbortSignal,
): Promise<Otklik> {
  await checkPort(settings.http);
  const database = await openDatabase(settings, log);
  let dataSource: DataSource | undefined;
  let application: NestFastifyApplication | undefined;
  try {
    const { config, url } = database;
    await waitForDatabase(url, config.database.startWait, log, calledOff);
    dataSource = await createDataSource(url, config.database, ENTITIES, log).initialize();
    await upgradeSchema(dataSource, directUrl(dataSource), ROUTINES, config.database.startWait);
    application = await createApplication(config, log, dataSource, clock);
    const address = await listen(application, config.http);
    return {
      url: address,
      application,
      newAdminApiKey: database.newAdminApiKey,
      adminApiKeyFile: database.adminApiKeyFile,
      stop: () => stop(config, log, database, dataSource, application),
    };
  } catch (error) {
    await application?.close();
    await dataSource?.destroy();
    await database.close();
    throw error;
  }
}

async function openDatabase(config: Config, log: Log): Promise<Database> {
  if (config.database.url !== undefined) {
    return {
      url: config.database.url,
      config,
      newAdminApiKey: undefined,
      adminApiKeyFile: undefined,
      close: async () => undefined,
    };
  }
  const directory = await DataDirectory.open(config.database.dataDir);
  try {
    const { embeddedPort: port, startWait } = config.database;
    const database = await EmbeddedPostgres.start(directory, { port, startWait, log: asEmbeddedLog(log) });
    const admin =
      config.secrets.adminApiKey === undefined ? directory.secret('admin-api-key', newApiKey) : undefined;
    const encryptionKey =
      config.secrets.encryptionKey ??
      directory.secret('encryption-key', () => randomBytes(32).toString('base64')).value;
    return {
      url: database.url,
      config: {
        ...config,
        secrets: { adminApiKey: config.secrets.adminApiKey ?? admin?.value, encryptionKey },
      },
      newAdminApiKey: admin?.isNew ? admin.value : undefined,
      adminApiKeyFile: admin && directory.secretFile('admin-api-key'),
      close: async () => {
        await database.stop();
        await directory.close();
      },
    };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

function asEmbeddedLog(log: Log): { info(message: string): void; warn(message: string): void } {
  return { info: (message) => log.info(message), warn: (message) => log.warn(message) };
}

async function createApplication(
  config: Config,
  log: Log,
  dataSource: DataSource,
  clock: Clock,
): Promise<NestFastifyApplication> {
  const application = await NestFactory.create<NestFastifyApplication>(
    AppModule.for(config, log, dataSource, clock),
    createHttpAdapter(config.http),
    { logger: new NestLog(log), bodyParser: false, abortOnError: false },
  );
  application.get(RequestMetrics).watch(application.getHttpAdapter().getInstance());
  await setUpRequests(application, config, log);
  serveDocument(application, () => createDocument(application, version(), webhookOperations()));
  return application;
}

async function stop(
  config: Config,
  log: Log,
  database: Database,
  dataSource: DataSource | undefined,
  application: NestFastifyApplication | undefined,
): Promise<void> {
  const gate = application?.get(ShutdownGate);
  gate?.announce();
  if (config.process.shutdownDelay > 0) {
    await new Promise((resolve) => setTimeout(resolve, config.process.shutdownDelay));
  }
  gate?.close();
  const deadline = setTimeout(() => {
    log.warn('The deadline for shutting down has passed; running requests are cut off.');
    application?.getHttpServer().closeAllConnections();
  }, config.process.shutdownDeadline).unref();
  await application?.close();
  clearTimeout(deadline);
  await dataSource?.destroy();
  await database.close();
}

/** The version of this Otklik. */
export function version(): string {
  const file = join(packageFolder(import.meta.url), 'package.json');
  const { version: number } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return number;
}
