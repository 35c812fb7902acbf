import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataDirectory, DataDirectoryInUseError } from './data-directory.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

const warnings: string[] = [];
const log = { info: () => undefined, warn: (message: string) => void warnings.push(message) };
const OPTIONS = { port: 0, startWait: 30_000, log };

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(20);
    }
  }
}

describe('the embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otklik-embedded-'));
  let directory: DataDirectory;
  let database: EmbeddedPostgres;

  beforeAll(async () => {
    directory = await DataDirectory.open(folder);
    // Left by a start that was killed while it made the database.
    mkdirSync(join(folder, 'postgres.new', 'base'), { recursive: true });
    database = await EmbeddedPostgres.start(directory, OPTIONS);
  });

  afterAll(async () => {
    await database.stop();
    await directory.close();
    rmSync(folder, { recursive: true });
  });

  it('is a real PostgreSQL in UTF-8, only on loopback, behind a random password', async () => {
    expect(await query(database.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(database.url, 'show server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
    expect(await query(database.url, "select lower('ОТКЛИК')")).toEqual([{ lower: 'отклик' }]);
    const wrong = new URL(database.url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    await eventually(async () => expect(warnings.join()).toMatch(/PostgreSQL: .*FATAL: .*password auth/));
    expect(statSync(directory.secretFile('database-password')).mode & 0o077).toBe(0);
    for (const name of ['postgres.new', 'initdb-password'])
      expect([name, existsSync(join(folder, name))]).toEqual([name, false]);
  });

  it('refuses a second process on the same folder, naming the first', async () => {
    const refusal = DataDirectory.open(folder);
    await expect(refusal).rejects.toThrow(DataDirectoryInUseError);
    await expect(refusal).rejects.toThrow(`is in use by process ${process.pid}`);
  });

  it('comes back by itself, with its data, after a kill -9', async () => {
    await query(database.url, 'create table kept (n int)');
    await query(database.url, 'insert into kept values (42)');
    const before = database.pid ?? 0;
    process.kill(before, 'SIGKILL');
    expect(await eventually(() => query(database.url, 'select n from kept'))).toEqual([{ n: 42 }]);
    expect(database.pid).not.toBe(before);
  });

  it('keeps its data and its password between starts', async () => {
    const password = readFileSync(directory.secretFile('database-password'), 'utf8');
    warnings.length = 0;
    await database.stop();
    // Nobody is told of a death, and it is not started again.
    expect(warnings).toEqual([]);
    database = await EmbeddedPostgres.start(directory, OPTIONS);
    expect(await query(database.url, 'select n from kept')).toEqual([{ n: 42 }]);
    expect(readFileSync(directory.secretFile('database-password'), 'utf8')).toBe(password);
  });

  it('is left to nobody where it was not ready in time: the next start has it', async () => {
    await database.stop();
    const impatient = EmbeddedPostgres.start(directory, { ...OPTIONS, startWait: 0 });
    await expect(impatient).rejects.toThrow('The embedded database was not ready after 0 ms.');
    database = await EmbeddedPostgres.start(directory, OPTIONS);
    expect(await query(database.url, 'select n from kept')).toEqual([{ n: 42 }]);
  });
});
