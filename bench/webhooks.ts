import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import { SETTINGS } from '../src/config/settings.js';
import type { Cleanup } from './cleanup.js';
import { runCommand } from './command.js';
import { OTKLIK_SETTINGS } from './contenders/otklik.js';
import { DatabaseServer, missingGuarantees } from './database-server.js';
import { describeMachine, describeVersions } from './machine.js';
import { wholes } from './table.js';
import { Contenders } from './webhooks/contenders.js';
import { type Figures, type Measured, mediansOf } from './webhooks/figures.js';
import { judge } from './webhooks/goals.js';
import { HELP, type Options, parseOptions } from './webhooks/options.js';
import { WEBHOOK_SETTINGS } from './webhooks/otklik-deliverer.js';
import { LATENCY, type Measurement, THROUGHPUT } from './webhooks/plan.js';
import { type Report, renderReport, toJson } from './webhooks/report.js';

const PACKAGES = ['standardwebhooks', 'undici'];

async function run(options: Options, cleanup: Cleanup): Promise<void> {
  const root = packageFolder(import.meta.url);
  const measuredAt = new Date();
  say('Starting PostgreSQL …');
  const server = await DatabaseServer.start(cleanup, { track_commit_timestamp: 'on' });
  const machine = describeMachine(server.folder);
  const { server_version: postgresql = 'unknown', ...postgresqlSettings } = await server.settings();
  say('Starting the receiver, and whoever delivers …');
  const contenders = await Contenders.start(options.only, server, cleanup, say);

  const measured = [
    ...(await measureRounds(THROUGHPUT, options, contenders)),
    ...(await measureRounds(LATENCY, options, contenders)),
  ];
  const report: Report = {
    measuredAt,
    options,
    machine,
    versions: { ...describeVersions(root, PACKAGES), postgresql },
    settings: {
      postgresql: postgresqlSettings,
      otklik: {
        ...OTKLIK_SETTINGS,
        ...WEBHOOK_SETTINGS,
        WEBHOOK_CONCURRENCY: SETTINGS.webhooks.concurrency.form.fallback,
        WEBHOOK_ENDPOINT_CONCURRENCY: SETTINGS.webhooks.endpointConcurrency.form.fallback,
      },
      bare: { inFlight: SETTINGS.webhooks.endpointConcurrency.form.fallback },
    },
    missingGuarantees: missingGuarantees(
      { server_version: postgresql, ...postgresqlSettings },
      machine.fileSystem,
    ),
    measured,
    goals: judge(new Map(measured.map(({ id, rounds }) => [id, mediansOf(rounds)]))),
  };
  say(`\n${renderReport(report)}\n`);
  const file = join(root, 'bench/results', options.isPartial ? 'webhooks.partial.json' : 'webhooks.json');
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(file, toJson(report));
  say(`Every round's figures are in ${relative(process.cwd(), file)}`);
}

async function measureRounds(
  plan: readonly Measurement[],
  options: Options,
  contenders: Contenders,
): Promise<Measured[]> {
  const chosen = plan.filter(({ contender }) => options.only.includes(contender));
  const rounds = new Map(chosen.map(({ id }): [string, Figures[]] => [id, []]));
  const steps = chosen.length * options.rounds;
  let step = 0;
  for (let round = 1; round <= options.rounds; round++) {
    for (const measurement of chosen) {
      step++;
      const place = `[${String(step).padStart(String(steps).length)}/${steps}]`;
      process.stdout.write(`${place} round ${round}/${options.rounds}  ${measurement.title} … `);
      const figures = await contenders.measure(measurement, options);
      rounds.get(measurement.id)?.push(figures);
      say(inShort(figures));
    }
  }
  return chosen.map((measurement) => ({ ...measurement, rounds: rounds.get(measurement.id) ?? [] }));
}

function inShort(figures: Figures): string {
  if ('perSecond' in figures) {
    const { perSecond, statements } = figures;
    return `${wholes(perSecond)}/s${statements === undefined ? '' : `, ${statements} statements each`}`;
  }
  const { p50, p99, max, eventsPerSecond } = figures;
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms at ${wholes(eventsPerSecond)} events/s`;
}

function say(line: string): void {
  console.log(line);
}

await runCommand({ help: HELP, parseOptions, run });
