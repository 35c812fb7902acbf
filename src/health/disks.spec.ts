import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupFiles } from '../backups/backup-files.js';
import { loadConfig } from '../config/config.js';
import { Disks } from './disks.js';

describe('disks', () => {
  const [first, second] = ['a', 'b'].map(() => mkdtempSync(join(tmpdir(), 'otklik-disks-'))) as [
    string,
    string,
  ];
  afterAll(() => {
    for (const folder of [first, second]) rmSync(folder, { recursive: true });
  });

  /** The folders whose disks are looked at. */
  const foldersOf = async (data: string, backups: string) => {
    const files = { folder: backups } as Pick<BackupFiles, 'folder'> as BackupFiles;
    return (await new Disks(loadConfig({ DATA_DIR: data }), files).look()).map(({ folder }) => folder);
  };

  it('are each looked at once, however many folders are on them', async () => {
    expect(await foldersOf(first, second)).toEqual(['DATA_DIR']);
    expect(await foldersOf(first, '/dev')).toEqual(['DATA_DIR', 'BACKUP_DIR']);
  });

  it('are none of folders that are not there', async () => {
    const nowhere = join(first, 'nowhere');
    expect(await foldersOf(nowhere, second)).toEqual(['BACKUP_DIR']);
    expect(await foldersOf(nowhere, nowhere)).toEqual([]);
  });

  it('that give no answer say why', async () => {
    const files = { folder: first } as Pick<BackupFiles, 'folder'> as BackupFiles;
    const [disk] = await new Disks(loadConfig({ DATA_DIR: '/dev/null/data' }), files).look();
    expect(disk).toMatchObject({ folder: 'DATA_DIR', error: { code: 'ENOTDIR' } });
  });
});
