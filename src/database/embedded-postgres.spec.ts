import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataDirectory, DataDirectoryInUseError } from './data-directory.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

const QUIET = { info: () => undefined, warn: () => undefined };
const OPTIONS = { port: 0, startWait: 30_000, log: QUIET };

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
    expect(statSync(directory.secretFile('database-password')).mode & 0o077).toBe(0);
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
    await database.stop();
    database = await EmbeddedPostgres.start(directory, OPTIONS);
    expect(await query(database.url, 'select n from kept')).toEqual([{ n: 42 }]);
    expect(readFileSync(directory.secretFile('database-password'), 'utf8')).toBe(password);
  });
});
