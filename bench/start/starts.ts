import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageFolder } from '../../src/config/package-folder.js';
import type { Cleanup } from '../cleanup.js';

export const CONTENDERS = ['empty-nest', 'ours'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

const PROGRAMS: Readonly<Record<ContenderName, string>> = {
  'empty-nest': 'dist/bench/start/empty-nest.process.js',
  ours: 'dist/src/main.js',
};

/**
 * Starts it as `npm start` does after the build, and stops it in order once it listens.
 *
 * @param dataDir where Otklik's embedded database is
 * @returns milliseconds from before the process was made until it said that it listens
 */
export async function timeStart(name: ContenderName, dataDir: string, cleanup: Cleanup): Promise<number> {
  const root = packageFolder(import.meta.url);
  const begun = performance.now();
  const child = spawn(process.execPath, [join(root, PROGRAMS[name])], {
    cwd: dataDir,
    env: { PATH: process.env.PATH, PORT: '0', LOG_FORMAT: 'json', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'ignore'],
    // Ctrl-C is for the benchmark, which stops it in order.
    detached: true,
  });
  const ended = once(child, 'exit');
  const stop = await cleanup.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await listens(name, child);
  const milliseconds = performance.now() - begun;
  await stop();
  return milliseconds;
}

async function listens(name: ContenderName, child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error(`${name} has no output.`);
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    if (!line.includes('listening')) continue;
    lines.close();
    child.stdout.resume();
    return;
  }
  throw new Error(`${name} ended before it listened.`);
}
