import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runWebhookCrashTest, type WebhookCrashSummary } from './webhook-crash-test.js';

const USAGE = `npm run test:webhooks -- [--kills 60] [--conversations 300] [--workers 3] [--seed N]

Kills workers with kill -9 while they deliver events to endpoints that fail in every way, and proves that every event
reached every endpoint, in order where that was wanted, and which ones came twice and why.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '60' },
    conversations: { type: 'string', default: '300' },
    workers: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'otklik-webhook-crash-'));
  const options = {
    kills: wholeNumber('kills'),
    parallel: 8,
    conversations: wholeNumber('conversations'),
    workers: wholeNumber('workers'),
    seed: wholeNumber('seed'),
  };
  console.log(`Seed ${options.seed}: the same again with --seed ${options.seed}\n`);
  const summary = await runWebhookCrashTest({
    ...options,
    folder,
    onKill: (number, mishap, arrived) =>
      console.log(
        `${String(number).padStart(4)}  kill ${mishap.padEnd(10)} ${String(arrived).padStart(7)} requests arrived`,
      ),
  });
  console.log(`\n${describe(summary)}`);
  if (summary.faults.length > 0) {
    console.log(`\nThe logs and the database are kept in ${folder}`);
    process.exitCode = 1;
    return;
  }
  rmSync(folder, { recursive: true, force: true });
}

function describe({ duplicates, faults, ...summary }: WebhookCrashSummary): string {
  return [
    `${summary.events} events, ${summary.deliveries} deliveries, ${summary.attempts} attempts recorded in ` +
      `${summary.seconds.toFixed(1)} s; ${summary.kills} kills`,
    `${summary.requests} requests arrived; ${duplicates.afterKill} came again because a kill cut off their recording, ` +
      `${duplicates.afterLostAnswer} because the endpoint lost its answer or said that it failed`,
    '',
    faults.length === 0
      ? 'Every event reached every endpoint that subscribed to it; nothing came again without a reason.'
      : `${faults.length} faults:`,
    ...faults.map((fault) => `  - ${fault}`),
  ].join('\n');
}

function wholeNumber(name: 'kills' | 'conversations' | 'workers' | 'seed'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} must be a whole number above 0`);
  return number;
}

await main();
