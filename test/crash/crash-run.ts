import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeSummary } from './crash-summary.js';
import { runCrashTest } from './crash-test.js';

const USAGE = `node dist/test/crash/crash-run.js [--kills 40] [--seed N] [--connections 16] [--clients 60]

Kills Otklik and its PostgreSQL with kill -9, in turn and under load, and proves from the client's own record
that nothing acknowledged was lost and nothing was doubled.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    connections: { type: 'string', default: '16' },
    clients: { type: 'string', default: '60' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'otklik-crash-'));
  const options = {
    kills: wholeNumber('kills'),
    seed: wholeNumber('seed'),
    connections: wholeNumber('connections'),
    clients: wholeNumber('clients'),
  };
  console.log(`Seed ${options.seed}: the same again with --seed ${options.seed} --kills ${options.kills}\n`);
  const summary = await runCrashTest({
    ...options,
    folder,
    onKill: (number, { victim, downtime }) =>
      console.log(
        `${String(number).padStart(4)}  kill ${victim.padEnd(10)} silence of ${Math.round(downtime)} ms`,
      ),
  });
  console.log(`\n${describeSummary(summary)}`);
  if (summary.faults.length > 0) {
    console.log(`\nThe client's record, the log and the database are kept in ${folder}`);
    process.exitCode = 1;
    return;
  }
  rmSync(folder, { recursive: true, force: true });
}

function wholeNumber(name: 'kills' | 'seed' | 'connections' | 'clients'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} must be a whole number above 0`);
  return number;
}

await main();
