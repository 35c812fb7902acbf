import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RolloutSummary, runRolloutTest } from './rollout-test.js';

const USAGE = `npm run test:rollout -- [--rounds 10] [--visitors 8]

Restarts each of two api and two worker processes in turn, on a PostgreSQL with a streaming replica and Redis, while
visitors write and read, and proves that no request failed, nothing was lost, and nothing happened twice.`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    visitors: { type: 'string', default: '8' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'otklik-rollout-'));
  const summary = await runRolloutTest({
    rounds: wholeNumber('rounds'),
    visitors: wholeNumber('visitors'),
    folder,
    onRestart: (name, requests) =>
      console.log(`restarted ${name.padEnd(8)} ${String(requests).padStart(8)} requests`),
  });
  console.log(`\n${describe(summary)}`);
  if (summary.faults.length > 0) {
    console.log(`\nThe logs are kept in ${folder}`);
    process.exitCode = 1;
    return;
  }
  rmSync(folder, { recursive: true, force: true });
}

function describe({ faults, ...summary }: RolloutSummary): string {
  return [
    `${summary.requests} requests, ${summary.messages} messages and ${summary.webhooks} webhooks in ` +
      `${summary.seconds.toFixed(1)} s; ${summary.restarts} restarts; ${summary.readsOfReplica} reads of the replica`,
    '',
    faults.length === 0
      ? 'No request failed, nothing was lost, and nothing happened twice.'
      : `${faults.length} faults:`,
    ...faults.slice(0, 50).map((fault) => `  - ${fault}`),
  ].join('\n');
}

function wholeNumber(name: 'rounds' | 'visitors'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} must be a whole number above 0`);
  return number;
}

await main();
