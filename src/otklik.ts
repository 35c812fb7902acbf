import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import { type Clock, SystemClock } from './clock/clock.js';
import type { Config } from './config/config.js';
import { productVersion } from './config/product-version.js';
import { createDataSource, directUrl } from './database/data-source.js';
import { Notifications } from './database/notifications.js';
import { poolOf } from './database/pinging-pool.js';
import { upgradeSchema, waitForDatabase } from './database/schema-upgrade.js';
import { ENTITIES } from './entities.js';
import { serveDocumentation } from './http/documentation-pages.js';
import { createHttpAdapter, setUpRequests } from './http/http-application.js';
import { checkPort, listen } from './http/port.js';
import { ShutdownGate } from './http/shutdown-gate.js';
import { type Log, NestLog } from './logging/log.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { type Database, openDatabase } from './open-database.js';
import { BackgroundProcesses } from './processes/background-processes.js';
import { ROUTINES } from './routines.js';
import { ErrorReports } from './telemetry/error-reports.js';

/** A running Otklik. */
export interface Otklik {
  /** Where it listens. */
  readonly url: string;
  readonly roles: Config['process']['roles'];
  readonly application: NestFastifyApplication;
  /** The administrator's key, where this start made it: to be shown once. */
  readonly newAdminApiKey: string | undefined;
  /** Where the administrator's key is kept, with the embedded database. */
  readonly adminApiKeyFile: string | undefined;
  readonly errorReports: ErrorReports;
  /** Turns not ready, finishes what runs, and closes everything; within the deadline of the configuration. */
  stop(): Promise<void>;
}

/**
 * Starts Otklik: database, schema, application, in this order.
 *
 * @param clock the time it goes by
 * @throws whatever keeps it from starting; nothing is left running then
 */
export async function startOtklik(settings: Config, log: Log, clock?: Clock): Promise<Otklik> {
  await checkPort(settings.http);
  return startOn(await openDatabase(settings, log), log, clock);
}

/**
 * The same, on a database that has been opened, which is closed with it.
 *
 * @param calledOff ends the waiting for a database that does not answer
 */
export async function startOn(
  database: Database,
  log: Log,
  clock: Clock = new SystemClock(),
  calledOff?: AbortSignal,
): Promise<Otklik> {
  let dataSource: DataSource | undefined;
  let application: NestFastifyApplication | undefined;
  try {
    const { config, url } = database;
    const { startWait } = config.database;
    // The embedded one is ready already.
    if (config.database.url !== undefined) await waitForDatabase(url, startWait, log, calledOff);
    dataSource = await createDataSource(url, config.database, ENTITIES, log).initialize();
    const upgrading = upgradeSchema(dataSource, directUrl(dataSource), ROUTINES, startWait);
    // What goes wrong with it is found below: meanwhile, the application is made, which asks nothing of the database yet.
    upgrading.catch(() => undefined);
    application = await createApplication(config, log, dataSource, clock);
    application.get(Notifications).open();
    await upgrading;
    const address = await listen(application, config.http);
    application.get(BackgroundProcesses).begin();
    return {
      url: address,
      roles: config.process.roles,
      application,
      newAdminApiKey: database.newAdminApiKey,
      adminApiKeyFile: database.adminApiKeyFile,
      errorReports: application.get(ErrorReports),
      stop: () => stop(config, log, database, dataSource, application),
    };
  } catch (error) {
    await application?.close();
    await dataSource?.destroy();
    await database.close();
    throw error;
  }
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
  if (config.process.roles.includes('api')) serveDocumentation(application, () => describe(application));
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
    // Background work ends as well then: where the database hangs, it would wait for as long as a statement may take.
    if (dataSource) poolOf(dataSource).cutOff();
  }, config.process.shutdownDeadline).unref();
  await application?.close();
  clearTimeout(deadline);
  await dataSource?.destroy();
  await database.close();
}

/** The OpenAPI document, with all that it takes to make it. */
async function describe(application: NestFastifyApplication): Promise<OpenAPIObject> {
  const [{ createDocument }, { webhookOperations }] = await Promise.all([
    import('./http/openapi.js'),
    import('./events/webhook-operations.js'),
  ]);
  return createDocument(application, productVersion(), webhookOperations());
}
