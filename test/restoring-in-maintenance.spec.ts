import { AuditVerifier } from '../src/audit/audit-verifier.js';
import { restoreReason } from '../src/backups/backup-acts.js';
import { BackupFiles } from '../src/backups/backup-files.js';
import { BackupRestorer } from '../src/backups/backup-restorer.js';
import { BackupScheduler } from '../src/backups/backup-scheduler.js';
import { RestoreCompletion } from '../src/backups/restore-completion.js';
import { Standstill } from '../src/backups/standstill.js';
import { IdGenerator } from '../src/clock/clock.js';
import { Notifications } from '../src/database/notifications.js';
import type { Problem } from '../src/http/problem.js';
import { MaintenanceMode } from '../src/maintenance/maintenance-mode.js';
import {
  BackupFolders,
  backupStatus,
  backupsAtRest,
  fingerprint,
  makeBackup,
  restoreBackup,
  withWaitingPsql,
} from './support/backups.js';
import { eventually } from './support/eventually.js';
import { HOUR, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const folders = new BackupFolders();
afterAll(() => folders.remove());

const maintenanceOf = async (otklik: TestOtklik) =>
  (await otklik.api.get<{ enabled: boolean; reason: string | null }>('/api/system/maintenance')).body;

describe('during a restore', () => {
  const psql = withWaitingPsql(folders);
  const env = { BACKUP_DIR: folders.make(), PG_DUMP_PATH: psql.pgDump };
  const otklik = new TestOtklik({ env });
  const worker = new TestOtklik({ beside: otklik, env: { ...env, ROLES: 'api,worker' } });
  beforeAll(async () => {
    await otklik.start();
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await otklik.stop();
  });

  it('writes are refused in all processes, reads and administration go on, and afterwards all is as ever', async () => {
    const { conversationId } = await otklik.accept({ clientId: 'patient', content: 'Before' });
    const { filename } = await makeBackup(otklik);
    const later = await otklik.createKey({ name: 'later', scopes: ['messages:read'] });
    const withLaterKey = (one: TestOtklik) =>
      one.api.withKey(later.key).get(`/api/conversations/${conversationId}/messages`);
    for (const one of [otklik, worker]) expect((await withLaterKey(one)).status).toBe(200);
    const begun = await otklik.api.post(`/api/system/backup/restore/${filename}`, {});
    expect(begun.status).toBe(202);
    await eventually(psql.isReached);

    for (const one of [otklik, worker]) {
      await eventually(
        () => maintenanceOf(one),
        ({ enabled }) => enabled,
      );
      const { status, headers, body } = await one.api.post<Problem>('/api/messages', {
        clientId: 'patient',
        content: 'During',
      });
      expect([status, body.code]).toEqual([503, 'maintenance']);
      expect(body.detail).toContain(restoreReason(filename));
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect((await one.api.get(`/api/conversations/${conversationId}/messages`)).status).toBe(200);
      const { running } = await backupStatus(one);
      expect(running).toMatchObject({ action: 'restore', filename, status: 'running' });
      const second = await one.api.post<Problem>(`/api/system/backup/restore/${filename}`, {});
      expect([second.status, second.body.code]).toEqual([409, 'backup_running']);
      await expectNothingThatWouldBeLost(one, filename);
    }
    psql.open();
    expect((await backupsAtRest(otklik)).lastRestore).toMatchObject({ status: 'completed', error: null });

    for (const one of [otklik, worker]) {
      await eventually(
        () => {
          otklik.clock.advance(SECOND);
          return one.receive({ clientId: newClient(), content: 'After' });
        },
        ({ status }) => status === 201,
      );
    }
    // What a process remembers is forgotten: this key was made after the backup.
    for (const one of [otklik, worker]) expect((await withLaterKey(one)).status).toBe(401);
    // What goes on by itself goes on: the worker counts and tells what came after.
    await eventually(
      () => {
        otklik.clock.advance(SECOND);
        return otklik.database.query<{ isTold: boolean }>(
          `select position = (select max(position) from events) as "isTold" from event_fan_out`,
        );
      },
      ([row]) => row?.isTold ?? false,
    );
    expect(await otklik.part(AuditVerifier).verify()).toMatchObject({ broken: undefined });
    expect((await (await otklik.caller('messages:read')).get('/api/messages')).status).toBe(200);
  });

  /** What administrators change is refused where the restore would take it back, in plain maintenance it is not. */
  async function expectNothingThatWouldBeLost(one: TestOtklik, filename: string): Promise<void> {
    for (const [method, path, body] of [
      ['POST', '/api/api-keys', { name: 'lost', scopes: ['messages:read'] }],
      ['DELETE', '/api/api-keys/019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70', undefined],
      ['POST', '/api/system/backup/schedule', { dailyAt: '04:00' }],
      ['POST', '/api/system/processes/reminders/pause', {}],
      ['POST', '/api/system/maintenance', { enabled: false }],
    ] as const) {
      const answer = await (method === 'POST'
        ? one.api.post<Problem>(path, body)
        : one.api.delete<Problem>(path));
      expect([path, answer.status, answer.body.code]).toEqual([path, 503, 'maintenance']);
      expect(answer.body.detail).toContain(restoreReason(filename));
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect((await one.api.get('/api/api-keys')).status).toBe(200);
    expect((await one.api.post('/api/system/cache/clear', {})).status).toBe(200);
  }

  it('a key that somebody got in all the same is not lost: nothing is restored', async () => {
    const { filename } = await makeBackup(otklik);
    psql.close();
    await otklik.api.post(`/api/system/backup/restore/${filename}`, {});
    await eventually(psql.isReached);
    await otklik.database.execute(
      `insert into api_keys (id, name, key_hash, prefix, scopes, created_at)
       values (gen_random_uuid(), 'slow', 'slow', 'otk_slow', '{messages:read}', now())`,
    );
    psql.open();
    expect((await backupsAtRest(otklik)).lastRestore).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('an API key was made or revoked meanwhile'),
    });
    expect(await otklik.database.query(`select from api_keys where name = 'slow'`)).toHaveLength(1);
  });

  it('a message could have come in, where the lock that prevents it was lost: nothing is restored', async () => {
    const { filename } = await makeBackup(otklik);
    psql.close();
    await otklik.api.post(`/api/system/backup/restore/${filename}`, {});
    await eventually(psql.isReached);
    await otklik.database.query(
      `select pg_terminate_backend(pid) from pg_locks where mode = 'ExclusiveLock' and relation = 'clients'::regclass`,
    );
    psql.open();
    expect((await backupsAtRest(otklik)).lastRestore).toMatchObject({
      status: 'failed',
      error: expect.stringContaining(
        'the connection that kept others from storing anything meanwhile was lost',
      ),
    });
    expect(await maintenanceOf(otklik)).toMatchObject({ enabled: false });
  });
});

describe('a restore whose process was killed', () => {
  const otklik = new TestOtklik({ env: { BACKUP_DIR: folders.make() } });
  beforeAll(() => otklik.start());
  afterAll(() => otklik.stop());

  /** What is there of it once its process is gone. */
  async function leaveBehind(filename: string): Promise<string> {
    const id = otklik.part(IdGenerator).next();
    await otklik.api.post('/api/system/maintenance', { enabled: true, reason: restoreReason(filename) });
    await otklik.database.query(
      `insert into backup_runs (id, action, kind, filename, status, phase, started_at, leased_until)
       values ($1, 'restore', 'manual', $2, 'running', 'restoring', $3, $4)`,
      [id, filename, otklik.clock.iso(), otklik.clock.iso(HOUR)],
    );
    return id;
  }

  it('before its commit has changed nothing; maintenance is left once it is taken for dead', async () => {
    const { filename } = await makeBackup(otklik);
    await otklik.accept({ clientId: newClient(), content: 'Not in the backup' });
    await leaveBehind(filename);
    const before = await fingerprint(otklik.database);
    const { nextAt } = await otklik.part(BackupScheduler).run();
    expect(nextAt).toBeLessThanOrEqual(otklik.clock.now() + HOUR);
    expect(await maintenanceOf(otklik)).toMatchObject({ enabled: true });

    otklik.clock.advance(HOUR + 1);
    await otklik.part(BackupScheduler).run();
    expect(await maintenanceOf(otklik)).toMatchObject({ enabled: false });
    expect(await fingerprint(otklik.database)).toEqual(before);
    expect((await backupStatus(otklik)).lastRestore).toMatchObject({
      status: 'failed',
      error: 'The process that did it is gone; everything is as it was before.',
    });
  });

  it('after its commit is completed', async () => {
    const { filename } = await makeBackup(otklik);
    const before = await fingerprint(otklik.database);
    await otklik.accept({ clientId: newClient(), content: 'Not in the backup' });
    const id = await leaveBehind(filename);
    const metadata = await otklik.part(BackupFiles).find(filename);
    const aside = otklik.part(RestoreCompletion).asideOf(id);
    const { signal } = new AbortController();
    const standstill = await Standstill.begin(otklik.database.url, metadata.schema, SECOND);
    const progress = { signal, begin: () => {}, at: () => {} };
    await otklik.part(BackupRestorer).exchange(aside, metadata, progress, standstill);
    await standstill.end();

    otklik.clock.advance(HOUR + 1);
    await otklik.part(BackupScheduler).run();
    expect(await maintenanceOf(otklik)).toMatchObject({ enabled: false });
    expect((await backupStatus(otklik)).lastRestore).toMatchObject({ status: 'completed', filename });
    expect(await fingerprint(otklik.database)).toEqual(before);
    expect(await otklik.database.query(`select from pg_namespace where nspname like 'otklik%'`)).toEqual([]);
    expect((await otklik.receive({ clientId: newClient(), content: 'After' })).status).toBe(201);
    expect(await otklik.part(AuditVerifier).verify()).toMatchObject({ broken: undefined });
  });

  it('leaves maintenance alone that somebody made his own', async () => {
    const { filename } = await makeBackup(otklik);
    await leaveBehind(filename);
    await otklik.api.post('/api/system/maintenance', { enabled: true, reason: 'Let me look at it.' });
    otklik.clock.advance(HOUR + 1);
    await otklik.part(BackupScheduler).run();
    expect(await maintenanceOf(otklik)).toMatchObject({ enabled: true, reason: 'Let me look at it.' });
    await otklik.api.post('/api/system/maintenance', { enabled: false });
    expect(await restoreBackup(otklik, filename)).toBeNull();
  });

  it('is no matter of one that is over, of whose end a worker has not heard', async () => {
    const deaf = new TestOtklik({ beside: otklik, env: { BACKUP_DIR: otklik.part(BackupFiles).folder } });
    await deaf.start();
    try {
      const { filename } = await makeBackup(otklik);
      await otklik.api.post('/api/system/maintenance', { enabled: true, reason: restoreReason(filename) });
      await deaf.part(MaintenanceMode).look();
      await deaf.part(Notifications).onApplicationShutdown();
      await otklik.api.post('/api/system/maintenance', { enabled: false });
      expect(await restoreBackup(otklik, filename)).toBeNull();
      expect(deaf.part(MaintenanceMode).isOn).toBe(true);
      await deaf.part(BackupScheduler).run();
      expect((await backupStatus(otklik)).lastRestore).toMatchObject({ status: 'completed', error: null });
    } finally {
      await deaf.stop();
    }
  });
});
