import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageFolder } from '../src/config/package-folder.js';
import type { Cleanup } from './cleanup.js';
import { runCommand } from './command.js';
import { startOtklik } from './contenders/otklik.js';
import { DatabaseServer } from './database-server.js';
import { HELP, type Options, parseOptions } from './idle/options.js';
import { StatementCounter } from './idle/statement-counter.js';
import { describeMachine, describeVersions } from './machine.js';
import { fourDigits, median } from './statistics.js';
import { renderTable, wholes } from './table.js';

const MINUTE = 60_000;
/** SQL statements a second, of everything that runs. */
const MOST_STATEMENTS = 1;
/** The last quarter's memory by the second quarter's: flat, but for what a garbage collector leaves to chance. */
const MOST_GROWTH = 1.05;
/** Statements that are worth a line of their own. */
const SHOWN = 12;

async function run({ minutes, isPartial }: Options, cleanup: Cleanup): Promise<void> {
  const root = packageFolder(import.meta.url);
  const measuredAt = new Date();
  console.log('Starting PostgreSQL, and Otklik with both of its roles …');
  const server = await DatabaseServer.start(cleanup);
  const counter = await StatementCounter.start(await server.createDatabase('idle'));
  await cleanup.defer(() => counter.stop());
  const otklik = await startOtklik(counter.url, cleanup);
  await delay(MINUTE);
  counter.take();

  const all = new Map<string, number>();
  const statements: number[] = [];
  const megabytes: number[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(MINUTE);
    const taken = counter.take();
    for (const [text, count] of taken) all.set(text, (all.get(text) ?? 0) + count);
    statements.push([...taken.values()].reduce((sum, count) => sum + count, 0));
    megabytes.push(residentMegabytes(otklik.pid));
    console.log(`[${minute}/${minutes} min] ${statements.at(-1)} statements, ${megabytes.at(-1)} MB`);
  }
  await otklik.stop();

  const perSecond = fourDigits(statements.reduce((sum, count) => sum + count, 0) / (minutes * 60));
  const quarter = Math.max(1, Math.floor(minutes / 4));
  const growth = fourDigits(
    median(megabytes.slice(-quarter)) / median(megabytes.slice(quarter, 2 * quarter)),
  );
  const goals = [
    atMost('SQL statements a second', MOST_STATEMENTS, perSecond),
    ...(isPartial ? [] : [atMost('memory, last quarter of the hour / second quarter', MOST_GROWTH, growth)]),
  ];
  const machine = describeMachine(server.folder);
  const versions = describeVersions(root, []);
  const most = [...all].sort(([, a], [, b]) => b - a);
  console.log(
    [
      '',
      `An idle Otklik, ROLES=api,worker: ${minutes} minutes`,
      ...(isPartial ? ['A partial run: not for publication.'] : []),
      '',
      renderTable(
        ['what it asks most often', 'times an hour'],
        most.slice(0, SHOWN).map(([text, count]) => [inShort(text), wholes((count * 60) / minutes)]),
      ),
      '',
      renderTable(
        ['', 'goal', 'value', 'met'],
        goals.map(({ title, goal, value, met }) => [title, goal, String(value), met ? 'yes' : 'NO']),
      ),
      '',
    ].join('\n'),
  );
  const asked = most.map(([text, count]) => ({ statement: inShort(text), count }));
  const document = {
    benchmark: 'idle',
    measuredAt: measuredAt.toISOString(),
    minutes,
    machine,
    versions,
    goals,
    figures: { statements, megabytes, asked },
  };
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  const file = join(root, 'bench/results', isPartial ? 'idle.partial.json' : 'idle.json');
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  console.log(`Every minute's figures are in ${relative(process.cwd(), file)}`);
}

function atMost(title: string, bound: number, value: number) {
  return { title, goal: `≤ ${bound}`, value, met: value <= bound };
}

/** What the process holds in memory, as Linux counts it; see proc(5). */
function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return fourDigits(Number(kilobytes) / 1024);
}

function inShort(statement: string): string {
  return statement.replace(/\s+/g, ' ').trim().slice(0, 90);
}

await runCommand({ help: HELP, parseOptions, run });
