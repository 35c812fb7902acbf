import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import type { Cleanup } from './cleanup.js';
import { runCommand } from './command.js';
import { OTKLIK_SETTINGS } from './contenders/otklik.js';
import { DatabaseServer, missingGuarantees } from './database-server.js';
import { describeMachine, describeVersions } from './machine.js';
import { pgbenchVersion } from './pgbench.js';
import { type Contenders, SCHEDULER, startContenders } from './reminders/contenders.js';
import { type Figures, latenessOf, type Measured, mediansOf, throughputOf } from './reminders/figures.js';
import { judge } from './reminders/goals.js';
import { CONTENDERS, HELP, type Options, parseOptions } from './reminders/options.js';
import { LATENESS, type Measurement, steadyOffsets, THROUGHPUT } from './reminders/plan.js';
import { BARE_SETTINGS, GRAPHILE_SETTINGS, PG_BOSS_SETTINGS } from './reminders/queue-settings.js';
import { type Report, renderReport, toJson } from './reminders/report.js';
import { wholes } from './table.js';

const PACKAGES = ['autocannon', 'graphile-worker', 'pg-boss'];

async function run(options: Options, cleanup: Cleanup): Promise<void> {
  const root = packageFolder(import.meta.url);
  const measuredAt = new Date();
  const others = CONTENDERS.filter((name) => name !== 'pgbench').join();
  const pgbench = options.only.includes('pgbench') ? { pgbench: await pgbenchVersion(others) } : {};
  say('Starting PostgreSQL …');
  const server = await DatabaseServer.start(cleanup);
  const machine = describeMachine(server.folder);
  const { server_version: postgresql = 'unknown', ...postgresqlSettings } = await server.settings();
  say(`Starting everybody, each with ${wholes(options.pending)} that do not come due …`);
  const contenders = await startContenders(options.only, options.pending, server, cleanup, say);

  const measured = [
    ...(await measureRounds(THROUGHPUT, options, server, contenders)),
    ...(await measureRounds(LATENESS, options, server, contenders)),
  ];
  const { ours, filled } = contenders;
  const report: Report = {
    measuredAt,
    options,
    machine,
    versions: { ...describeVersions(root, PACKAGES), postgresql, ...pgbench },
    settings: {
      postgresql: postgresqlSettings,
      otklik: { ...OTKLIK_SETTINGS, ...SCHEDULER },
      ...GRAPHILE_SETTINGS,
      'pg-boss': PG_BOSS_SETTINGS,
      bare: BARE_SETTINGS,
    },
    missingGuarantees: missingGuarantees(
      { server_version: postgresql, ...postgresqlSettings },
      machine.fileSystem,
    ),
    filled,
    verified: ours && { sent: await ours.verifyAll() },
    measured,
    goals: judge(new Map(measured.map(({ id, rounds }) => [id, mediansOf(rounds)]))),
  };
  say(`\n${renderReport(report)}\n`);
  const file = join(root, 'bench/results', options.isPartial ? 'reminders.partial.json' : 'reminders.json');
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(file, toJson(report));
  say(`Every round's figures are in ${relative(process.cwd(), file)}`);
}

async function measureRounds(
  plan: readonly Measurement[],
  options: Options,
  server: DatabaseServer,
  contenders: Contenders,
): Promise<Measured[]> {
  const chosen = plan.filter(({ contender }) => contenders.started.has(contender));
  const rounds = new Map(chosen.map(({ id }): [string, Figures[]] => [id, []]));
  const steps = chosen.length * options.rounds;
  let step = 0;
  for (let round = 1; round <= options.rounds; round++) {
    for (const measurement of chosen) {
      step++;
      const place = `[${String(step).padStart(String(steps).length)}/${steps}]`;
      process.stdout.write(`${place} round ${round}/${options.rounds}  ${measurement.title} … `);
      const figures = await measure(measurement, options, server, contenders);
      rounds.get(measurement.id)?.push(figures);
      say(inShort(figures));
    }
  }
  return chosen.map((measurement) => ({ ...measurement, rounds: rounds.get(measurement.id) ?? [] }));
}

async function measure(
  { contender: name, kind }: Measurement,
  { due, seconds, atOnce }: Options,
  server: DatabaseServer,
  { started, ours }: Contenders,
): Promise<Figures> {
  const contender = started.get(name);
  if (!contender) throw new Error(`${name} was not started.`);
  await contender.tidyUp();
  if (kind === 'throughput') {
    await contender.fill(due);
    await server.checkpoint();
    return throughputOf(due, await contender.drain());
  }
  await server.checkpoint();
  const offsets = kind === 'at-once' ? Array<number>(atOnce).fill(0) : steadyOffsets(seconds, Math.random);
  const beOnTime = async (): Promise<number[]> => {
    if (!contender.beOnTime) throw new Error(`${name} is about throughput only.`);
    return contender.beOnTime(offsets);
  };
  if (kind !== 'steady-ingest') return latenessOf(await beOnTime());
  if (!ours) throw new Error('Messages come in with ours only.');
  return latenessOf(...(await ours.whileIngesting(seconds, beOnTime)));
}

function inShort(figures: Figures): string {
  if ('perSecond' in figures) return `${wholes(figures.perSecond)}/s`;
  const { p50, p99, max, messagesPerSecond } = figures;
  const meanwhile =
    messagesPerSecond === undefined ? '' : `, ${wholes(messagesPerSecond)} messages/s meanwhile`;
  return `late by p50 ${p50} ms, p99 ${p99} ms, max ${max} ms${meanwhile}`;
}

function say(line: string): void {
  console.log(line);
}

await runCommand({ help: HELP, parseOptions, run });
