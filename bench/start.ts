import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import type { Cleanup } from './cleanup.js';
import { runCommand } from './command.js';
import { describeMachine, describeVersions } from './machine.js';
import { HELP, type Options, parseOptions } from './start/options.js';
import { CONTENDERS, type ContenderName, timeStart } from './start/starts.js';
import { fourDigits, median } from './statistics.js';
import { renderTable, wholes } from './table.js';

const TITLES: Readonly<Record<ContenderName, string>> = {
  'empty-nest': 'an empty Nest application on Fastify: the floor',
  ours: 'Otklik on its embedded database, which is there already',
};
/** At most so many times what an empty Nest application takes. */
const GOAL = 3;

async function run({ rounds, isPartial }: Options, cleanup: Cleanup): Promise<void> {
  const root = packageFolder(import.meta.url);
  const measuredAt = new Date();
  const dataDir = mkdtempSync(join(tmpdir(), 'otklik-bench-'));
  await cleanup.defer(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  console.log('Starting both once, which makes the database …');
  for (const name of CONTENDERS) await timeStart(name, dataDir, cleanup);

  const taken: Record<ContenderName, number[]> = { 'empty-nest': [], ours: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const name of CONTENDERS) taken[name].push(fourDigits(await timeStart(name, dataDir, cleanup)));
    const [floor, ours] = CONTENDERS.map((name) => wholes(taken[name].at(-1) ?? Number.NaN));
    console.log(`[${round}/${rounds}] empty ${floor} ms, Otklik ${ours} ms`);
  }
  const ratio = fourDigits(median(taken.ours) / median(taken['empty-nest']));
  const machine = describeMachine(dataDir);
  const versions = describeVersions(root, ['@nestjs/platform-fastify']);
  const goal = {
    title: 'ours / an empty Nest application',
    goal: `≤ ${GOAL}`,
    value: ratio,
    met: ratio <= GOAL,
  };
  const rows = CONTENDERS.map((name) => {
    const range = `${wholes(Math.min(...taken[name]))}–${wholes(Math.max(...taken[name]))}`;
    return [TITLES[name], wholes(median(taken[name])), range];
  });
  console.log(
    [
      '',
      `From a new process until it listens: medians of ${rounds} starts each`,
      `${machine.cores} × ${machine.cpu}; ${machine.fileSystem}; Node ${versions.node}`,
      ...(isPartial ? ['A partial run: not for publication.'] : []),
      '',
      renderTable(['', 'ms', 'lowest–highest'], rows),
      '',
      renderTable(
        ['', 'goal', 'value', 'met'],
        [[goal.title, goal.goal, String(ratio), goal.met ? 'yes' : 'NO']],
      ),
      '',
    ].join('\n'),
  );
  const figures = CONTENDERS.map((id) => ({
    id,
    title: TITLES[id],
    median: median(taken[id]),
    rounds: taken[id],
  }));
  const document = {
    benchmark: 'start',
    measuredAt: measuredAt.toISOString(),
    rounds,
    machine,
    versions,
    goals: [goal],
    figures,
  };
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  const file = join(root, 'bench/results', isPartial ? 'start.partial.json' : 'start.json');
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  console.log(`Every start's time is in ${relative(process.cwd(), file)}`);
}

await runCommand({ help: HELP, parseOptions, run });
