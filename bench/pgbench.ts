import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cleanup } from './cleanup.js';
import { UsageError } from './command-line.js';
import type { Figures } from './load.js';
import { RETURNING_CLIENTS } from './message-request.js';
import { percentile } from './statistics.js';

/** Of the length that messages have on average; pgbench cannot make them up. */
const SCRIPT = `\\set client random(1, ${RETURNING_CLIENTS})
select ingest(
  'shop-' || :client::text,
  'Good evening. I was charged twice for order A-5512, 49.90 each time. Can you look into it today?',
  'api',
  '{"order": "A-5512", "page": "/checkout"}'
);
`;

/**
 * @param others what can be measured without it
 * @throws {UsageError} when there is no pgbench that runs
 */
export async function pgbenchVersion(others: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('pgbench', ['--version']);
    return stdout.trim();
  } catch (cause) {
    throw new UsageError(
      'pgbench, which measures the floor, does not run here. It comes with the PostgreSQL server: on Debian 12 ' +
        'in the package postgresql-15 (apt-get install postgresql-15). ' +
        `Or leave it out: --only ${others}`,
      { cause },
    );
  }
}

/** Calls `ingest(…)` (ingest-function.ts) from PostgreSQL's own benchmark: as fast as a client can be. */
export class Pgbench {
  constructor(
    private readonly databaseUrl: string,
    /** For its script and its logs. */
    private readonly folder: string,
    private readonly cleanup: Cleanup,
  ) {}

  async measure(connections: number, warmUp: number, seconds: number): Promise<Figures> {
    const before = await this.run(connections, warmUp);
    const { perSecond, processed, latencies } = await this.run(connections, seconds);
    return {
      perSecond,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      count: processed,
      accepted: before.processed + processed,
    };
  }

  private async run(connections: number, seconds: number) {
    const folder = mkdtempSync(join(this.folder, 'pgbench-'));
    const script = join(folder, 'ingest.sql');
    writeFileSync(script, SCRIPT);
    const prefix = join(folder, 'transactions');
    const threads = Math.min(2, connections);
    const words = [
      ['--no-vacuum', '--protocol=prepared', `--client=${connections}`, `--jobs=${threads}`],
      [`--time=${seconds}`, `--file=${script}`, '--log', `--log-prefix=${prefix}`],
    ].flat();
    try {
      const output = await runPgbench(this.databaseUrl, words, this.cleanup);
      return { ...readOutput(output), latencies: readLogs(folder) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Runs pgbench on a database. @returns what it said @throws when it failed */
export async function runPgbench(
  databaseUrl: string,
  words: readonly string[],
  cleanup: Cleanup,
): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const child = spawn('pgbench', words, {
    env: {
      PATH: process.env.PATH,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: pathname.slice(1),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = await cleanup.defer(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, 'close');
  await release();
  if (code !== 0) throw new Error(`pgbench ended with ${signal ?? code}:\n${output.trim()}`);
  return output;
}

/** Reads pgbench's own summary. */
export function readOutput(output: string): { perSecond: number; processed: number } {
  const processed = Number(/actually processed: (\d+)/.exec(output)?.[1]);
  const failed = Number(/failed transactions: (\d+)/.exec(output)?.[1] ?? 0);
  const perSecond = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
  if (!(processed > 0 && perSecond > 0) || failed > 0) {
    throw new Error(`pgbench said something else than expected:\n${output.trim()}`);
  }
  return { perSecond, processed };
}

/** The times of all transactions, in milliseconds: the third column of each thread's log, in microseconds. */
function readLogs(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('transactions'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line) => Number(line.split(' ', 3)[2]) / 1000);
}
