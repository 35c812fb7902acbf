import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ReminderCrashSummary, runReminderCrashTest } from './reminder-crash-test.js';

const USAGE = `node dist/test/reminder-crash/reminder-crash-run.js [--kills 60] [--conversations 2000] [--workers 3] [--seed N]

Kills workers with kill -9 while they send reminders, and proves from the outbox that each reminder had its effect
exactly once, and that none was sent after the answer.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '60' },
    conversations: { type: 'string', default: '2000' },
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
  const folder = mkdtempSync(join(tmpdir(), 'otklik-reminder-crash-'));
  const options = {
    kills: wholeNumber('kills'),
    parallel: 8,
    conversations: wholeNumber('conversations'),
    workers: wholeNumber('workers'),
    seed: wholeNumber('seed'),
  };
  console.log(`Seed ${options.seed}: the same again with --seed ${options.seed}\n`);
  const summary = await runReminderCrashTest({
    ...options,
    folder,
    onKill: (number, mishap, sent) =>
      console.log(
        `${String(number).padStart(4)}  kill ${mishap.padEnd(10)} ${String(sent).padStart(7)} reminders sent`,
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

function describe({ deeds, lateness, faults, ...summary }: ReminderCrashSummary): string {
  const ms = (value: number) => `${Math.round(value)} ms`;
  return [
    `${summary.sent} reminders sent and ${summary.cancelled} cancelled in ${summary.seconds.toFixed(1)} s; ` +
      `${summary.kills} kills, ${summary.takenOver} reminders taken over when a lease had ended`,
    `${deeds.messages} messages, ${deeds.replies} replies, ${deeds.closings} closings, ${deeds.priorities} priorities, ` +
      `${deeds.byHand} reminders by hand, ${deeds.policies} policies; ` +
      `${summary.escalations} escalations, ${deeds.claims} claimed`,
    `late by: p50 ${ms(lateness.p50)}, p99 ${ms(lateness.p99)}, max ${ms(lateness.max)} (a lease is 1 s)`,
    '',
    faults.length === 0
      ? 'Each reminder had its effect exactly once; none was sent after the answer.'
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
