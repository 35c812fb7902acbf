import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityManager } from 'typeorm';
import { BackupHealth } from '../src/backups/backup-health.js';
import { BackupScheduler } from '../src/backups/backup-scheduler.js';
import {
  BackupFolders,
  backupHealth,
  backupStatus,
  listBackups,
  makeBackup,
  SCHEDULE,
} from './support/backups.js';
import { program } from './support/programs.js';
import { DAY, HOUR, MINUTE } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

const folders = new BackupFolders();
afterAll(() => folders.remove());

describe('scheduled backups', () => {
  // Its time begins on Saturday, the 21st of November 2026, at 09:00.
  const folder = folders.make();
  const otklik = new TestOtklik({ env: { ...SCHEDULE, BACKUP_DIR: folder } });
  const another = new TestOtklik({ beside: otklik, env: { ...SCHEDULE, BACKUP_DIR: folder } });
  beforeAll(async () => {
    await otklik.start();
    await another.start();
  });
  afterAll(async () => {
    await another.stop();
    await otklik.stop();
  });

  const runBoth = async () => {
    const runs = await Promise.all([otklik, another].map((one) => one.part(BackupScheduler).run()));
    // Whoever came while the other was at it looks again.
    await Promise.all([otklik, another].map((one) => one.part(BackupScheduler).run()));
    return runs;
  };
  const kinds = async () => (await listBackups(otklik)).map(({ kind }) => kind).sort();

  it('begin with the first time after the start', async () => {
    const [run] = await runBoth();
    expect(await kinds()).toEqual([]);
    expect(new Date(run?.nextAt ?? 0).toISOString()).toBe('2026-11-22T02:00:00.000Z');
    expect(await backupStatus(otklik)).toMatchObject({
      nextDailyAt: '2026-11-22T02:00:00.000Z',
      nextWeeklyAt: '2026-11-23T03:00:00.000Z',
    });
  });

  it('are made once, by one process', async () => {
    otklik.clock.advance(17 * HOUR - 1);
    await runBoth();
    expect(await kinds()).toEqual([]);
    otklik.clock.advance(1);
    await runBoth();
    expect(await kinds()).toEqual(['daily']);
  });

  it('are made up once after a downtime', async () => {
    otklik.clock.advance(3 * DAY + HOUR);
    // The daily one of Monday is the first that was not made.
    expect(await backupHealth(otklik)).toMatchObject({ status: 'degraded', lagMs: 2 * DAY + HOUR });
    await runBoth();
    expect(await kinds()).toEqual(['daily', 'daily', 'weekly']);
    expect(await backupHealth(otklik)).toMatchObject({ status: 'healthy', backups: 3 });
  });

  it('are deleted when they are old, with their metadata, but for the newest', async () => {
    otklik.clock.advance(3 * DAY);
    await otklik.api.post('/api/system/backup/schedule', { dailyAt: 'off', weeklyAt: 'off' });
    await runBoth();
    expect(await kinds()).toEqual(['daily', 'daily', 'weekly']);
    otklik.clock.advance(2 * DAY);
    await runBoth();
    expect(await kinds()).toEqual(['daily', 'weekly']);
    otklik.clock.advance(100 * DAY);
    await runBoth();
    expect(await kinds()).toHaveLength(1);
    expect(readdirSync(folder)).toHaveLength(2);
    const { newestAt, lastCompletedAt } = (await backupStatus(otklik)).statistics;
    expect(lastCompletedAt).toBe(newestAt);
  });

  it('follow what was decided, in all processes, and go back to the settings', async () => {
    const change = await otklik.api.post('/api/system/backup/schedule', {
      dailyAt: '12:30',
      weeklyAt: null,
      keep: 'P30D',
    });
    expect(change).toMatchObject({
      status: 200,
      body: { dailyAt: '12:30', weeklyAt: 'Monday 03:00', keep: 'P30D' },
    });
    await runBoth();
    const { nextDailyAt } = await backupStatus(another);
    expect(nextDailyAt).toMatch(/T12:30:00/);
    otklik.clock.advance(Date.parse(nextDailyAt ?? '') - otklik.clock.now());
    await runBoth();
    expect(await listBackups(otklik)).toMatchObject([{ kind: 'daily', createdAt: nextDailyAt }]);
    const refused = await otklik.api.post('/api/system/backup/schedule', { dailyAt: '24:00', keep: 'P1Y' });
    expect(refused.status).toBe(400);
  });

  it('cost whoever probes no connection but his own', async () => {
    // What was found out of the programs is believed for a minute.
    otklik.clock.advance(MINUTE);
    const asked: string[] = [];
    const query = (text: string, values?: unknown[]) => {
      asked.push(text);
      return otklik.database.query(text, values);
    };
    await otklik.part(BackupHealth).check({ query: query as EntityManager['query'] });
    expect(asked.filter((text) => text.includes('server_version'))).toHaveLength(1);
  });

  it('run in the workers, by themselves', async () => {
    const worker = new TestOtklik({
      beside: otklik,
      env: { ...SCHEDULE, BACKUP_DIR: folder, ROLES: 'worker' },
    });
    const before = (await kinds()).length;
    await worker.start();
    otklik.clock.advance(DAY + MINUTE);
    while ((await kinds()).length === before) await new Promise((resolve) => setImmediate(resolve));
    await worker.stop();
    expect(await kinds()).toContain('daily');
  });
});

describe('encryption of backups', () => {
  it('is that of age: its program opens them with the same key', async () => {
    const key = execFileSync(join(program('age'), '../age-keygen'), { encoding: 'utf8', stdio: 'pipe' })
      .split('\n')
      .find((line) => line.startsWith('AGE-SECRET-KEY-'));
    const folder = folders.make();
    const otklik = new TestOtklik({ env: { BACKUP_DIR: folder, BACKUP_ENCRYPTION_KEY: key ?? '' } });
    await otklik.start();
    try {
      await otklik.accept({ clientId: newClient(), content: 'My number is 4929 1234 5678 9012' });
      const { filename } = await makeBackup(otklik);
      const opened = execFileSync(program('age'), ['--decrypt', '--identity', '-', join(folder, filename)], {
        input: `${key}\n`,
        stdio: 'pipe',
      });
      expect(opened.subarray(0, 5).toString()).toBe('PGDMP');
    } finally {
      await otklik.stop();
    }
  });
});
