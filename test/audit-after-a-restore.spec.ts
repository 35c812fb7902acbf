import type { AuditEntryView } from '../src/audit/audit.schemas.js';
import { AuditVerifier } from '../src/audit/audit-verifier.js';
import { BackupFolders, makeBackup, restoreBackup } from './support/backups.js';
import { eventually } from './support/eventually.js';
import { TestOtklik } from './support/test-otklik.js';

const folders = new BackupFolders();
afterAll(() => folders.remove());

describe('a restore', () => {
  const otklik = new TestOtklik({ env: { BACKUP_DIR: folders.make() } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  const acts = async (): Promise<string[]> =>
    (await otklik.api.all<AuditEntryView>('/api/system/audit'))
      .sort((a, b) => a.number - b.number)
      .map(({ action }) => action);
  const maintenance = async () => (await otklik.api.get('/api/system/maintenance')).body;
  const key = () => otklik.createKey({ name: 'spec', scopes: ['messages:read'] });

  it('takes nothing out of the audit log, and goes on with its chain', async () => {
    await key();
    const { filename } = await makeBackup(otklik);
    await otklik.api.post(`/api/system/backup/verify/${filename}`, {});
    await key();
    expect(await restoreBackup(otklik, filename)).toBeNull();
    expect(await otklik.database.query('select from api_keys')).toHaveLength(1);
    // What was wanted stands there before what came of it.
    expect(await eventually(acts, (found) => found.includes('maintenance.left'))).toEqual([
      'api_key.created',
      'backup.requested',
      'backup.verification_requested',
      'backup.verified',
      'api_key.created',
      'backup.restore_requested',
      'maintenance.entered',
      'backup.restored',
      'maintenance.left',
    ]);
    expect(await otklik.part(AuditVerifier).verify()).toMatchObject({
      branches: 0,
      broken: undefined,
      entries: 9,
    });
    expect(await maintenance()).toMatchObject({ enabled: false });
    await expect(otklik.database.execute('delete from audit_log')).rejects.toThrow('append-only');
  });

  it('leaves maintenance as it is where it was maintenance before', async () => {
    const { filename } = await makeBackup(otklik);
    await otklik.api.post('/api/system/maintenance', { enabled: true, reason: 'Night.' });
    expect(await restoreBackup(otklik, filename)).toBeNull();
    expect(await maintenance()).toMatchObject({ enabled: true, reason: 'Night.' });
    await otklik.api.post('/api/system/maintenance', { enabled: false });
  });
});
