import { existsSync } from 'node:fs';
import { ConfigurationError, loadConfig } from './config/config.js';
import { createLog, type Log } from './logging/log.js';
import { type Otklik, startOtklik } from './otklik.js';
import { errorMessage } from './resilience/error-code.js';
import { welcome } from './welcome.js';

/** Starts what the environment says, and stops it in order at SIGTERM and SIGINT. */
async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const log = await createLog(config.log);
  process.on('unhandledRejection', (reason) => die(log, reason, 'A promise was rejected and nobody looked.'));
  process.on('uncaughtException', (error) => die(log, error, 'An error was thrown and nobody caught it.'));

  const stopEarly = new AbortController();
  let running: Otklik | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Also the second time, which npm and impatient people send: the deadline ends it, nothing sooner.
    process.on(signal, () => {
      log.info({ signal }, 'shutting down');
      if (stopEarly.signal.aborted) return;
      stopEarly.abort();
      if (running) void shutDown(running, log);
    });
  }
  try {
    running = await startOtklik(config, log, undefined, stopEarly.signal);
  } catch (error) {
    if (!stopEarly.signal.aborted) throw error;
    log.info('stopped before it had started');
    log.flush();
    return;
  }
  if (stopEarly.signal.aborted) return shutDown(running, log);
  log.info({ url: running.url, pid: process.pid }, 'listening');
  process.stderr.write(welcome(running));
}

async function shutDown(otklik: Otklik, log: Log): Promise<void> {
  try {
    await otklik.stop();
    log.info('stopped');
    log.flush();
    process.exitCode = 0;
  } catch (error) {
    die(log, error, 'The shutdown failed.');
  }
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
