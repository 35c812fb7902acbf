import {
  chmodSync,
  existsSync,
  mkdirSync,
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

const PROGRAMS = ['pg_dump', 'psql', 'pg_restore'] as const;

/** A folder with PostgreSQL's programs, one of which is a script of the spec's own. @returns its pg_dump */
function withProgram(own: (typeof PROGRAMS)[number], script: string): string {
  const folder = folders.make();
  for (const name of PROGRAMS.filter((one) => one !== own))
    symlinkSync(join(program('pg_dump'), '..', name), join(folder, name));
  const file = join(folder, own);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return join(folder, 'pg_dump');
}

const withPgDump = (script: string) => withProgram('pg_dump', script);

/** Says that it is new enough, and does something else than what it is there for. */
const inPlace = (script: string) =>
  `if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; else ${script}; fi`;

/** Says that it is new enough, writes a little, and does not come to an end. */
const ENDLESS = inPlace('printf PGDMP; exec sleep 600');

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
    const script = inPlace('printf PGDMP; echo "no more disk" >&2; exit 1');
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

describe('what is no dump, although pg_dump said that all went well,', () => {
  it.each([
    ['nothing', 'custom', 'exit 0'],
    ['nothing', 'plain', 'exit 0'],
    ['its own words', 'custom', 'echo "Connecting to the container …"'],
    ['its own words', 'plain', 'echo "Connecting to the container …"'],
  ])('%s (%s), is no backup', async (_, format, script) => {
    const folder = folders.make();
    const otklik = new TestOtklik({
      env: { BACKUP_DIR: folder, BACKUP_FORMAT: format, PG_DUMP_PATH: withPgDump(inPlace(script)) },
    });
    await otklik.start();
    try {
      expect(await makeBackup(otklik)).toMatchObject({
        status: 'failed',
        error: 'What pg_dump wrote is no dump: see what PG_DUMP_PATH leads to.',
      });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await otklik.stop();
    }
  });
});

describe('a pg_restore that ends before it has read the backup', () => {
  it.each([
    ['with words', 'echo "out of memory" >&2; exit 1', /pg_restore failed: out of memory/],
    ['killed', 'kill -9 $$', /pg_restore failed: SIGKILL/],
    ['as if all were well', 'exit 0', /pg_restore ended before it had read the whole backup/],
  ])('(%s) ends the restore and the trial at once', async (_, script, reason) => {
    const pgDump = withProgram('pg_restore', inPlace(script));
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folders.make(), PG_DUMP_PATH: pgDump } });
    await otklik.start();
    try {
      // More than a pipe holds: who writes it finds that nobody reads.
      await otklik.database.query(
        `insert into idempotency_records (owner_id, key, request_hash, message_id, created_at, expires_at)
         select gen_random_uuid(), gen_random_uuid(), md5(n::text), gen_random_uuid(), now(), now()
           from generate_series(1, 5000) n`,
      );
      const { filename } = await makeBackup(otklik);
      expect(await restoreBackup(otklik, filename)).toMatch(reason);
      const trial = await otklik.api.post<VerificationView>(`/api/system/backup/verify/${filename}`, {
        trialRestore: true,
      });
      expect(trial.body).toMatchObject({ valid: false, error: expect.stringMatching(reason) });
      expect((await otklik.receive({ clientId: newClient(), content: 'Hi' })).status).toBe(201);
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

  it('lets go of what pg_dump has started and left', async () => {
    const [folder, told] = [folders.make(), join(folders.make(), 'child')];
    const script = inPlace(`printf PGDMP; sleep 600 & echo $! > ${told}; wait`);
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder, PG_DUMP_PATH: withPgDump(script) } });
    const pipes = () => process.getActiveResourcesInfo().filter((resource) => resource === 'PipeWrap').length;
    await otklik.start();
    try {
      const before = pipes();
      await otklik.api.post('/api/system/backup/create', {});
      await eventually(() => existsSync(told) && readFileSync(told, 'utf8').endsWith('\n'));
      expect(pipes()).toBeGreaterThan(before);
      await otklik.stopServing();
      await eventually(pipes, (count) => count === before);
    } finally {
      process.kill(Number(readFileSync(told, 'utf8')), 'SIGKILL');
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

  it('is deleted where it was not whole yet; a file that somebody put there is left alone', async () => {
    const folder = folders.make();
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder } });
    await otklik.start();
    try {
      const [copied, killed] = ['00000001', '00000002'].map(
        (id) => `otklik-20261121T080000Z-daily-${id}.dump`,
      );
      for (const name of [copied, killed, `${killed}.json.partial`])
        writeFileSync(join(folder, `${name}`), 'x');
      const { filename } = await makeBackup(otklik);
      expect(readdirSync(folder).sort()).toEqual([copied, filename, `${filename}.json`].sort());
      // Without its metadata nobody knows what it is.
      expect((await listBackups(otklik)).map((backup) => backup.filename)).toEqual([filename]);
    } finally {
      await otklik.stop();
    }
  });

  it('is not to be had where the folder is none, and that is said', async () => {
    const file = join(folders.make(), 'file');
    writeFileSync(file, '');
    const otklik = new TestOtklik({ env: { ...SCHEDULE, BACKUP_DIR: file } });
    await otklik.start();
    try {
      const reason = /The folder of backups \(BACKUP_DIR\) cannot be read: ENOTDIR/;
      for (const [method, path] of [
        ['GET', 'list'],
        ['GET', 'status'],
        ['POST', 'create'],
      ] as const) {
        const { status, body } = await otklik.api.refused(method, `/api/system/backup/${path}`);
        expect([path, status, body.code]).toEqual([path, 503, 'backup_unavailable']);
        expect(body.detail).toMatch(reason);
      }
      expect(await backupHealth(otklik)).toMatchObject({
        status: 'degraded',
        message: expect.stringMatching(reason),
      });
    } finally {
      await otklik.stop();
    }
  });

  it('is none where something else than a file has its name', async () => {
    const folder = folders.make();
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder } });
    await otklik.start();
    try {
      const { filename } = await makeBackup(otklik);
      rmSync(join(folder, filename));
      mkdirSync(join(folder, filename));
      const { status, body } = await otklik.api.post<Problem>(`/api/system/backup/verify/${filename}`, {});
      expect([status, body.code]).toEqual([404, 'backup_not_found']);
      expect(await listBackups(otklik)).toEqual([]);
    } finally {
      await otklik.stop();
    }
  });
});
