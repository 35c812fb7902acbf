import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { MIGRATIONS } from '../migrations/index.js';
import { loadConfig } from '../src/config/config.js';
import { packageFolder } from '../src/config/package-folder.js';
import { createDataSource } from '../src/database/data-source.js';
import { upgradeSchema, waitForDatabase } from '../src/database/schema-upgrade.js';
import { ENTITIES } from '../src/entities.js';
import { ROUTINES } from '../src/routines.js';
import { CapturedLog } from './support/captured-log.js';
import { TestDatabase } from './support/test-database.js';
import { TestOtklik } from './support/test-otklik.js';

const PROGRAM = join(packageFolder(import.meta.url), 'dist/src/migrate.cli.js');

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly faults: string;
}

/** Runs the command as a rollout does: in a folder without anything, with the settings of a process. */
function migrate(env: Readonly<Record<string, string>>): Promise<Ended> {
  const settings = {
    PATH: process.env.PATH,
    ADMIN_API_KEY: `otk_${randomBytes(32).toString('hex')}`,
    SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ...env,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM], { cwd: tmpdir(), env: settings }, (error, output, faults) =>
      resolve({ code: error ? Number(error.code) : 0, output, faults }),
    );
  });
}

describe('npm run migrate', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
  });
  afterAll(() => database.drop());

  const migrations = () => database.query<{ name: string }>('select name from migrations order by id');

  it('brings an empty database up to date, and says so', async () => {
    const { code, output, faults } = await migrate({ DATABASE_URL: database.url });
    expect([code, faults]).toEqual([0, '']);
    const done = await migrations();
    expect(done).toHaveLength(MIGRATIONS.length);
    expect(output).toBe(`The schema is up to date; the last migration is ${done.at(-1)?.name}.\n`);
    expect(await database.query(`select from pg_proc where proname like 'ingest_messages_%'`)).toHaveLength(
      1,
    );
  });

  it('does nothing where nothing is left to do, also twice at once', async () => {
    const before = await migrations();
    const ended = await Promise.all([1, 2].map(() => migrate({ DATABASE_URL: database.url })));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(await migrations()).toEqual(before);
  });

  it('leaves nothing to do for the start that follows', async () => {
    const before = await migrations();
    const otklik = new TestOtklik({ databaseUrl: () => database.url });
    await otklik.start();
    expect((await otklik.api.get('/health/ready')).status).toBe(200);
    expect(await migrations()).toEqual(before);
    await otklik.stop();
  });

  it('says in one line why it could not, with exit code 1', async () => {
    const url = new URL(database.url);
    url.port = '1';
    const { code, faults } = await migrate({ DATABASE_URL: url.href, DATABASE_START_WAIT: 'PT1S' });
    expect(code).toBe(1);
    expect(faults).toMatch(/^The database \S+ at \S+:1 cannot be used: .*ECONNREFUSED.*\n$/);
    expect(faults).not.toContain(url.password || 'no password');
  });
});

describe('the schema', () => {
  const { log } = new CapturedLog();
  let database: TestDatabase;
  const sources: DataSource[] = [];
  beforeAll(async () => {
    database = await TestDatabase.createEmpty();
    for (let process = 0; process < 2; process++)
      sources.push(await createDataSource(database.url, loadConfig({}).database, ENTITIES, log).initialize());
  });
  afterAll(async () => {
    for (const source of sources) await source.destroy();
    await database.drop();
  });

  const upgrade = (limit: number) =>
    Promise.all(sources.map((source) => upgradeSchema(source, database.url, ROUTINES, limit)));

  it('is brought up to date by one process at a time, however many start', async () => {
    await upgrade(60_000);
    expect(await database.query('select from migrations')).toHaveLength(MIGRATIONS.length);
  });

  it('is waited for no longer than it may take', async () => {
    await database.during(`select pg_advisory_xact_lock(${0x6f746b6c696b})`, async () => {
      await expect(upgrade(0)).rejects.toThrow('Another process holds the migration lock');
    });
  });

  it('is not waited for where waiting cannot help', async () => {
    const url = new URL(database.url);
    url.password = 'guess';
    await expect(waitForDatabase(url.href, 60_000, log)).rejects.toThrow(
      /cannot be used: password authentication failed/,
    );
  });
});
