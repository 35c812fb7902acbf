import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from '../cleanup.js';

/**
 * Starts a contender's server in a process of its own.
 *
 * @param module the compiled file, beside this one
 * @returns where it listens
 */
export async function startChildServer(
  module: string,
  databaseUrl: string,
  cleanup: Cleanup,
): Promise<string> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), {
    env: { DATABASE_URL: databaseUrl, NODE_ENV: 'production' },
  });
  const ended = once(child, 'exit');
  await cleanup.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve((message as { url: string }).url));
    child.once('exit', (code, signal) => reject(new Error(`${module} did not start: ${signal ?? code}`)));
  });
}
