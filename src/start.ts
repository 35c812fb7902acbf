import { existsSync } from 'node:fs';
import { ConfigurationError, loadConfig } from './config/config.js';
import { productVersion } from './config/product-version.js';
import { checkPort } from './http/port.js';
import { createLog, type Log } from './logging/log.js';
import { openDatabase } from './open-database.js';
import type { Otklik } from './otklik.js';
import { errorMessage } from './resilience/error-code.js';
import { startTracing, type Tracing } from './telemetry/tracing.js';
import { welcome } from './welcome.js';

/** Starts what the environment says, and stops it in order at SIGTERM and SIGINT. */
async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const log = await createLog(config.log);
  const tracing = await startTracing(config.tracing, process.env, productVersion());
  let running: Otklik | undefined;
  process.on('unhandledRejection', (reason) =>
    crash(running, log, reason, 'A promise was rejected and nobody looked.'),
  );
  process.on('uncaughtException', (error) =>
    crash(running, log, error, 'An error was thrown and nobody caught it.'),
  );

  const stopEarly = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Also the second time, which npm and impatient people send: the deadline ends it, nothing sooner.
    process.on(signal, () => {
      log.info({ signal }, 'shutting down');
      if (stopEarly.signal.aborted) return;
      stopEarly.abort();
      if (running) void shutDown(running, log, tracing);
    });
  }
  try {
    await checkPort(config.http);
    const { promise: launched, resolve } = Promise.withResolvers<void>();
    const opening = openDatabase(config, log, resolve);
    // PostgreSQL starts while the application is read, which takes longer and leaves time for nothing else.
    await Promise.race([launched, opening]);
    const { startOn } = await import('./otklik.js');
    running = await startOn(await opening, log, undefined, stopEarly.signal);
  } catch (error) {
    if (!stopEarly.signal.aborted) throw error;
    log.info('stopped before it had started');
    log.flush();
    return;
  }
  if (stopEarly.signal.aborted) return shutDown(running, log, tracing);
  log.info({ url: running.url, pid: process.pid }, 'listening');
  process.stderr.write(welcome(running));
}

async function shutDown(otklik: Otklik, log: Log, tracing: Tracing | undefined): Promise<void> {
  try {
    await otklik.stop();
    // Spans that cannot be sent are no failure of the shutdown.
    await tracing?.stop().catch((error) => log.debug({ err: error }, 'The last spans were not sent.'));
    log.info('stopped');
    log.flush();
    process.exitCode = 0;
  } catch (error) {
    die(log, error, 'The shutdown failed.');
  }
}

/** How long a report of the end may hold it up, in milliseconds. */
const LAST_REPORT_LIMIT = 2_000;

/** Ends the process, which nobody can trust any more; where errors are reported, this one is, too. */
function crash(running: Otklik | undefined, log: Log, error: unknown, message: string): void {
  const reports = running?.errorReports;
  if (!reports?.isOn) die(log, error, message);
  log.fatal({ err: error }, message);
  log.flush();
  setTimeout(() => process.exit(1), LAST_REPORT_LIMIT);
  reports.report({ error, transaction: 'process' });
  void reports.settled().then(() => process.exit(1));
}

function die(log: Log, error: unknown, message: string): never {
  log.fatal({ err: error }, message);
  log.flush();
  process.exit(1);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof ConfigurationError ? error.message : startFailure(error)}\n`);
  process.exit(1);
}

function startFailure(error: unknown): string {
  return `Otklik did not start: ${errorMessage(error)}`;
}
