import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { packageFolder } from '../src/config/package-folder.js';
import { BackupFolders, fingerprint, listBackups } from './support/backups.js';
import { eventually } from './support/eventually.js';
import { SECOND } from './support/settable-clock.js';
import { TestDatabase } from './support/test-database.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const PROGRAMS = join(packageFolder(import.meta.url), 'dist/src');

const folders = new BackupFolders();
afterAll(() => folders.remove());

describe('npm run backup, npm run restore', () => {
  const folder = folders.make();
  const otklik = new TestOtklik({ env: { BACKUP_DIR: folder } });
  let path: string;
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  /** Runs a command as somebody at a shell does. */
  function run(
    command: 'backup' | 'restore',
    words: readonly string[] = [],
    database = otklik.database,
  ): Promise<{ code: number; output: string; faults: string }> {
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      ADMIN_API_KEY: otklik.adminApiKey,
      SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      BACKUP_DIR: folder,
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [join(PROGRAMS, `${command}.cli.js`), ...words],
        { cwd: tmpdir(), env },
        (error, output, faults) => resolve({ code: error ? Number(error.code) : 0, output, faults }),
      );
    });
  }

  it('make a backup beside a running Otklik, which lists it and knows who wanted it', async () => {
    await otklik.accept({ clientId: newClient(), content: 'Before' });
    const { code, output } = await run('backup');
    expect(code).toBe(0);
    path = /^(\S+): \d+\.\d MB, \d+ rows, /.exec(output)?.[1] ?? '';
    expect(existsSync(path)).toBe(true);
    expect(await listBackups(otklik)).toMatchObject([{ filename: basename(path), kind: 'manual' }]);
    const [act] = await otklik.api.all<AuditEntryView>('/api/system/audit?action=backup.requested');
    expect(act).toMatchObject({ subject: basename(path) });
  });

  it('say which backups there are, and end with 1 where nothing can be done', async () => {
    const { code, faults } = await run('restore');
    expect(code).toBe(1);
    expect(faults).toContain(`  ${basename(path)}\n`);
  });

  it('bring it back beside a running Otklik, which goes on', async () => {
    const before = await fingerprint(otklik.database);
    await otklik.accept({ clientId: newClient(), content: 'Not in the backup' });
    const { code, output } = await run('restore', [path]);
    expect([code, output]).toEqual([0, expect.stringContaining(`${basename(path)} is restored`)]);
    expect(await fingerprint(otklik.database)).toEqual(before);
    await eventually(
      () => {
        otklik.clock.advance(SECOND);
        return otklik.receive({ clientId: newClient(), content: 'After' });
      },
      ({ status }) => status === 201,
    );
  });

  it('bring it back into a database that has nothing yet', async () => {
    const database = await TestDatabase.createEmpty();
    try {
      expect((await run('restore', [basename(path)], database)).code).toBe(0);
      expect(await database.query('select content from messages')).toEqual([{ content: 'Before' }]);
    } finally {
      await database.drop();
    }
  });
});
