import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import type { Cleanup } from './cleanup.js';
import { runCommand } from './command.js';
import type { Contender } from './contenders/contender.js';
import { POOL_SIZE } from './contenders/contender-process.js';
import { START } from './contenders/contenders.js';
import { OTKLIK_SETTINGS } from './contenders/otklik.js';
import { DatabaseServer, missingGuarantees } from './database-server.js';
import { judge } from './goals.js';
import type { Figures } from './load.js';
import { describeMachine, describeVersions } from './machine.js';
import { type ContenderName, HELP, type Options, parseOptions } from './options.js';
import { pgbenchVersion } from './pgbench.js';
import { type Measurement, roundWith } from './plan.js';
import { type Measured, mediansOf, type Report, renderReport, toJson } from './report.js';
import type { Filled } from './stored/fill.js';
import { isPageKind } from './stored/pages.js';
import { wholes } from './table.js';

/** What the figures depend on, besides what Otklik itself is made of. */
const PACKAGES = ['autocannon', 'fastify'];

type Contenders = ReadonlyMap<ContenderName, Contender>;

async function run(options: Options, cleanup: Cleanup): Promise<void> {
  const root = packageFolder(import.meta.url);
  const measuredAt = new Date();
  const pgbench = options.only.includes('pgbench')
    ? { pgbench: await pgbenchVersion('fastify,nest-save,ours,ours-stored') }
    : {};
  say('Starting PostgreSQL …');
  const server = await DatabaseServer.start(cleanup);
  const machine = describeMachine(server.folder);
  const settings = await server.settings();
  const contenders = new Map<ContenderName, Contender>();
  for (const name of options.only) {
    say(`Starting ${name}${name === 'ours-stored' ? ` with ${wholes(options.stored)} messages` : ''} …`);
    contenders.set(name, await START[name](server, cleanup, options.stored));
  }

  const measured = await measureRounds(options, server, contenders);
  const verified = await verify(measured, contenders);
  const { server_version: postgresql = 'unknown', ...postgresqlSettings } = settings;
  const report: Report = {
    measuredAt,
    options,
    machine,
    versions: { ...describeVersions(root, PACKAGES), postgresql, ...pgbench },
    settings: {
      postgresql: postgresqlSettings,
      otklik: OTKLIK_SETTINGS,
      fastify: { poolSize: POOL_SIZE },
      nestSave: { poolSize: POOL_SIZE },
    },
    missingGuarantees: missingGuarantees(settings, machine.fileSystem),
    filled: filledBy(contenders),
    verified,
    measured,
    goals: judge(new Map(measured.map(({ id, rounds }) => [id, mediansOf(rounds)])), options.stored),
  };
  say(`\n${renderReport(report)}\n`);
  const file = join(root, 'bench/results', options.isPartial ? 'ingest.partial.json' : 'ingest.json');
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(file, toJson(report));
  say(`Every round's figures are in ${relative(process.cwd(), file)}`);
}

async function measureRounds(
  options: Options,
  server: DatabaseServer,
  contenders: Contenders,
): Promise<Measured[]> {
  const plan = roundWith(options.stored).filter(({ contender }) => contenders.has(contender));
  const rounds = new Map(plan.map(({ id }): [string, Figures[]] => [id, []]));
  const steps = plan.length * options.rounds;
  say(
    `${steps} measurements, about ${Math.ceil((steps * (options.warmUp + options.seconds + 1.5)) / 60)} min`,
  );
  let step = 0;
  for (let round = 1; round <= options.rounds; round++) {
    for (const measurement of plan) {
      step++;
      const place = `[${String(step).padStart(String(steps).length)}/${steps}]`;
      process.stdout.write(`${place} round ${round}/${options.rounds}  ${label(measurement)} … `);
      await server.checkpoint();
      const figures = await contenderOf(contenders, measurement).measure({ ...measurement, ...options });
      rounds.get(measurement.id)?.push(figures);
      say(`${wholes(figures.perSecond)}/s, p99 ${figures.p99.toFixed(2)} ms`);
    }
  }
  return plan.map((measurement) => ({ ...measurement, rounds: rounds.get(measurement.id) ?? [] }));
}

function label({ title, connections }: Measurement): string {
  return `${title}, ${connections === 1 ? 'one connection' : `${connections} connections`}`;
}

function contenderOf(contenders: Contenders, { contender }: Measurement): Contender {
  const found = contenders.get(contender);
  if (!found) throw new Error(`${contender} was not started.`);
  return found;
}

/** What the databases held that were not empty. */
function filledBy(contenders: Contenders): Record<string, Filled> {
  return Object.fromEntries(
    [...contenders].flatMap(([name, { filled }]) => (filled ? [[name, filled] as const] : [])),
  );
}

/** An accepted message that is not stored, or a stored one that nobody was told of, makes figures worthless. */
async function verify(
  measured: readonly Measured[],
  contenders: Contenders,
): Promise<Record<string, number>> {
  const verified: Record<string, number> = {};
  for (const [name, contender] of contenders) {
    const stored = await contender.countMessages();
    const filled = contender.filled?.messages ?? 0;
    const accepted = measured
      .filter(({ contender, workload }) => contender === name && !isPageKind(workload))
      .flatMap(({ rounds }) => rounds)
      .reduce((sum, figures) => sum + figures.accepted, 0);
    if (stored !== filled + accepted) {
      throw new Error(`${name} accepted ${wholes(accepted)} messages and stored ${wholes(stored - filled)}.`);
    }
    verified[name] = stored;
  }
  return verified;
}

function say(line: string): void {
  console.log(line);
}

await runCommand({ help: HELP, parseOptions, run });
