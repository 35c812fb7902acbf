import type { Config } from '../../src/config/config.js';
import { SETTINGS } from '../../src/config/settings.js';
import type { Cleanup } from '../cleanup.js';
import { startOtklik } from '../contenders/otklik.js';
import { type DatabaseServer, queryOnce } from '../database-server.js';
import { startChild } from './child-contender.js';
import type { Contender } from './contender.js';
import { fillPending } from './due-reminders.js';
import type { ContenderName } from './options.js';
import { OtklikScheduler } from './otklik-scheduler.js';
import { SchedulerFloor } from './scheduler-floor.js';

/** Otklik's own defaults, which the floor shares. */
export const SCHEDULER: Pick<Config['reminders'], 'batchSize' | 'workers'> = {
  batchSize: Number(SETTINGS.reminders.batchSize.form.fallback),
  workers: Number(SETTINGS.reminders.workers.form.fallback),
};

/** What a database held before the first measurement. */
export interface Filled {
  readonly pending: number;
  readonly seconds: number;
  /** Of the whole database, indexes included. */
  readonly megabytes: number;
}

export interface Contenders {
  readonly started: ReadonlyMap<ContenderName, Contender>;
  /** The same as in `started`: only it can be measured while messages come in. */
  readonly ours: OtklikScheduler | undefined;
  readonly filled: Readonly<Record<string, Filled>>;
}

const MODULES: Readonly<
  Record<Exclude<ContenderName, 'ours' | 'pgbench'>, [module: string, variant?: string]>
> = {
  graphile: ['./graphile.process.js'],
  'graphile-local': ['./graphile.process.js', 'local-queue'],
  'pg-boss': ['./pg-boss.process.js'],
  bare: ['./bare-loop.process.js'],
};

/** The database that Otklik and the floor have copies of. */
const ORIGINAL = 'pending_reminders';

/** Starts them one after the other, each with a database that holds so many that do not come due. */
export async function startContenders(
  names: readonly ContenderName[],
  pending: number,
  server: DatabaseServer,
  cleanup: Cleanup,
  say: (line: string) => void,
): Promise<Contenders> {
  const started = new Map<ContenderName, Contender>();
  const filled: Record<string, Filled> = {};
  const timed = async <T>(name: string, databaseUrl: string, fill: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await fill();
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    filled[name] = { pending, seconds, megabytes: await megabytesOf(databaseUrl) };
    return result;
  };

  if (names.includes('pgbench') || names.includes('ours')) {
    say('  a database of Otklik’s');
    const original = await server.createDatabase(ORIGINAL);
    // Otklik makes its schema as it starts.
    await (await startOtklik(original, cleanup, { ROLES: 'api' })).stop();
    await timed('otklik', original, () => fillPending(original, pending, cleanup));
  }
  let ours: OtklikScheduler | undefined;
  for (const name of names) {
    say(`  ${name}`);
    if (name === 'ours') {
      ours = await OtklikScheduler.start(await server.createDatabase('otklik', ORIGINAL), cleanup);
      started.set(name, ours);
    } else if (name === 'pgbench') {
      const databaseUrl = await server.createDatabase('floor', ORIGINAL);
      started.set(name, await SchedulerFloor.start(databaseUrl, server.folder, SCHEDULER, cleanup));
    } else {
      const databaseUrl = await server.createDatabase(name);
      const [module, variant] = MODULES[name];
      const child = () => startChild(module, databaseUrl, pending, cleanup, variant);
      started.set(name, await timed(name, databaseUrl, child));
    }
  }
  return { started, ours, filled };
}

async function megabytesOf(databaseUrl: string): Promise<number> {
  const rows = await queryOnce<{ megabytes: number }>(
    databaseUrl,
    'select round(pg_database_size(current_database()) / 1e6)::integer as megabytes',
  );
  return rows[0]?.megabytes ?? 0;
}
