import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { VerificationView } from '../src/backups/backup.schemas.js';
import type { Problem } from '../src/http/problem.js';
import {
  BackupFolders,
  backupHealth,
  backupStatus,
  backupsAtRest,
  fingerprint,
  listBackups,
  makeBackup,
  restoreBackup,
  SCHEDULE,
} from './support/backups.js';
import { eventually } from './support/eventually.js';
import { program } from './support/programs.js';
import { HOUR } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const folders = new BackupFolders();
afterAll(() => folders.remove());

/** A folder with PostgreSQL's programs, in which pg_dump is a script of the spec's own. */
function withPgDump(script: string): string {
  const folder = folders.make();
  for (const name of ['psql', 'pg_restore'] as const)
    symlinkSync(join(program('pg_dump'), '..', name), join(folder, name));
  const file = join(folder, 'pg_dump');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Says that it is new enough, writes a little, and does not come to an end. */
const ENDLESS =
  'if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; else echo half; exec sleep 600; fi';

describe('a backup that is not what was written', () => {
  const folder = folders.make();
  const otklik = new TestOtklik({
    env: { BACKUP_DIR: folder, BACKUP_ENCRYPTION_KEY: 'a-passphrase-of-words-that-nobody-guesses-4711' },
  });
  const stranger = new TestOtklik({
    beside: otklik,
    env: { BACKUP_DIR: folder, BACKUP_ENCRYPTION_KEY: 'another-passphrase-that-opens-nothing-here-0815' },
  });
  let filename: string;
  let whole: Buffer;
  beforeAll(async () => {
    await otklik.start();
    await stranger.start();
    await otklik.accept({ clientId: newClient(), content: 'Hello' });
    filename = (await makeBackup(otklik)).filename;
    whole = readFileSync(join(folder, filename));
  });
  afterAll(async () => {
    await stranger.stop();
    await otklik.stop();
  });
  afterEach(() => writeFileSync(join(folder, filename), whole));

  async function expectRefused(one: TestOtklik, reason: RegExp): Promise<void> {
    const before = await fingerprint(otklik.database);
    const { status, body } = await one.api.post<VerificationView>(
      `/api/system/backup/verify/${filename}`,
      {},
    );
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { valid: false, error: expect.stringMatching(reason) },
    });
    expect(await restoreBackup(one, filename)).toMatch(reason);
    expect(await fingerprint(otklik.database)).toEqual(before);
    // It is refused before anything is done for it.
    expect((await listBackups(otklik)).filter(({ kind }) => kind === 'safety')).toEqual([]);
    expect((await otklik.receive({ clientId: newClient(), content: 'Hi' })).status).toBe(201);
  }

  it('is refused where its end is missing', async () => {
    truncateSync(join(folder, filename), whole.length - 1);
    await expectRefused(otklik, /bytes/);
  });

  it('is refused where one bit is another one', async () => {
    const changed = Buffer.from(whole);
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(folder, filename), changed);
    await expectRefused(otklik, /SHA-256/);
  });

  it('is refused where the key is another one', () => expectRefused(stranger, /BACKUP_ENCRYPTION_KEY/));

  it('leaves all as it was where what came back is not what was backed up', async () => {
    const metadataFile = join(folder, `${filename}.json`);
    const metadata = readFileSync(metadataFile, 'utf8');
    writeFileSync(metadataFile, metadata.replace('"messages": 1', '"messages": 7'));
    const before = await fingerprint(otklik.database);
    expect(await restoreBackup(otklik, filename)).toMatch(/the table messages has 1 rows, and had 7/);
    expect(await fingerprint(otklik.database)).toEqual(before);
    expect((await listBackups(otklik)).map(({ kind }) => kind)).toContain('safety');
    const trial = await otklik.api.post<VerificationView>(`/api/system/backup/verify/${filename}`, {
      trialRestore: true,
    });
    expect(trial.body).toMatchObject({
      valid: false,
      checksum: true,
      trialRestore: { differences: [{ table: 'messages', rows: 1, expectedRows: 7 }] },
    });
    writeFileSync(metadataFile, metadata);
    const good = await otklik.api.post<VerificationView>(`/api/system/backup/verify/${filename}`, {
      trialRestore: true,
    });
    expect(good.body).toMatchObject({ valid: true, error: null, trialRestore: { differences: [] } });
    const trials = await otklik.database.query(`select from pg_database where datname like 'otklik_trial_%'`);
    expect(trials).toEqual([]);
    expect((await otklik.receive({ clientId: newClient(), content: 'Hi' })).status).toBe(201);
  });

  it('is not found by a name that leads out of the folder, or that no backup has', async () => {
    const outside = join(folder, '..', 'otklik-outside.dump');
    writeFileSync(outside, 'secret');
    for (const name of [
      '..%2Fotklik-outside.dump',
      '%2Fetc%2Fpasswd',
      'otklik.dump',
      `${filename}%00`,
      `${filename}.json`,
    ]) {
      for (const act of ['verify', 'restore']) {
        const { status } = await otklik.api.post(`/api/system/backup/${act}/${name}`, {});
        expect([name, status]).toEqual([name, 400]);
      }
    }
    rmSync(outside);
    const nobody = filename.replace(/[0-9a-f]{8}\./, '00000000.');
    const { status, body } = await otklik.api.post<Problem>(`/api/system/backup/restore/${nobody}`, {});
    expect([status, body.code]).toEqual([404, 'backup_not_found']);
  });
});

describe('a pg_dump that will not do', () => {
  it.each([
    ['is missing', () => join(folders.make(), 'pg_dump'), /pg_dump is missing.*postgresql-client/],
    [
      'is too old',
      () => withPgDump('echo "pg_dump (PostgreSQL) 9.6.24"'),
      /version 9\.6\.24, too old for PostgreSQL 15/,
    ],
  ])('that %s is said in the answer and in health', async (_, path, reason) => {
    const otklik = new TestOtklik({ env: { ...SCHEDULE, BACKUP_DIR: folders.make(), PG_DUMP_PATH: path() } });
    await otklik.start();
    try {
      const { status, body } = await otklik.api.post<Problem>('/api/system/backup/create', {});
      expect([status, body.code]).toEqual([503, 'backup_unavailable']);
      expect(body.detail).toMatch(reason);
      expect(await backupHealth(otklik)).toMatchObject({
        status: 'degraded',
        message: expect.stringMatching(reason),
      });
      expect(await listBackups(otklik)).toEqual([]);
    } finally {
      await otklik.stop();
    }
  });

  it('that fails is quoted, and leaves no file behind', async () => {
    const folder = folders.make();
    const script =
      'if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; else echo half; echo "no more disk" >&2; exit 1; fi';
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder, PG_DUMP_PATH: withPgDump(script) } });
    await otklik.start();
    try {
      expect(await makeBackup(otklik)).toMatchObject({
        status: 'failed',
        error: expect.stringContaining('no more disk'),
      });
      expect(readdirSync(folder)).toEqual([]);
      expect((await backupStatus(otklik)).statistics).toMatchObject({ backups: 0, failed: 1, completed: 0 });
    } finally {
      await otklik.stop();
    }
  });
});

describe('a backup that was begun', () => {
  it('is alone, ends with its process, and is no backup then', async () => {
    const folder = folders.make();
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder, PG_DUMP_PATH: withPgDump(ENDLESS) } });
    await otklik.start();
    try {
      expect((await otklik.api.post('/api/system/backup/create', {})).status).toBe(202);
      await eventually(() => readdirSync(folder).length > 0);
      const second = await otklik.api.post<Problem>('/api/system/backup/create', {});
      expect([second.status, second.body.code]).toEqual([409, 'backup_running']);
      expect(await listBackups(otklik)).toMatchObject([{ status: 'running' }]);
      await otklik.stopServing();
      await otklik.start();
      expect(readdirSync(folder)).toEqual([]);
      expect(await listBackups(otklik)).toMatchObject([
        { status: 'failed', error: 'The process was stopped.' },
      ]);
    } finally {
      await otklik.stop();
    }
  });

  it('is given up where its process was killed, and what it left is deleted', async () => {
    const folder = folders.make();
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder } });
    await otklik.start();
    try {
      const filename = 'otklik-20261121T080000Z-daily-00000001.dump';
      await otklik.database.query(
        `insert into backup_runs (id, action, kind, filename, status, phase, started_at, leased_until)
         values (gen_random_uuid(), 'backup', 'daily', $1, 'running', 'dumping', $2, $3)`,
        [filename, otklik.clock.iso(), otklik.clock.iso(HOUR)],
      );
      writeFileSync(join(folder, `${filename}.partial`), 'half');
      expect((await otklik.api.post('/api/system/backup/create', {})).status).toBe(409);
      otklik.clock.advance(2 * HOUR);
      const made = await makeBackup(otklik);
      expect(made.status).toBe('completed');
      await backupsAtRest(otklik);
      expect(readdirSync(folder).sort()).toEqual([made.filename, `${made.filename}.json`]);
      expect(await listBackups(otklik)).toContainEqual(
        expect.objectContaining({ filename, status: 'failed', error: 'The process that did it is gone.' }),
      );
    } finally {
      await otklik.stop();
    }
  });
});
