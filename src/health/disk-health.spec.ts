import { loadConfig } from '../config/config.js';
import { DiskHealth } from './disk-health.js';
import type { Disk, Disks } from './disks.js';

/** The health of disks of which so much is free, in percent; absent: they do not answer. */
function healthOf(free: Partial<Record<Disk['folder'], number | undefined>>) {
  const disks = Object.entries(free).map(([folder, percent]) => ({
    folder,
    latencyMs: 1,
    ...(percent === undefined
      ? { error: new Error('no answer within 1000 ms') }
      : { room: { freeBytes: percent * 10, totalBytes: 1_000 } }),
  }));
  const port = { look: async () => disks as Disk[] } as Pick<Disks, 'look'> as Disks;
  return new DiskHealth(port, loadConfig({})).check();
}

describe('the health of disks', () => {
  it.each([
    [{ DATA_DIR: 10, BACKUP_DIR: 10 }, 'healthy', undefined],
    [{ DATA_DIR: 9.9, BACKUP_DIR: 50 }, 'degraded', '9.9 % of the disk of DATA_DIR is free'],
    [{ DATA_DIR: 50, BACKUP_DIR: 9.9 }, 'degraded', '9.9 % of the disk of BACKUP_DIR is free'],
    [{ DATA_DIR: 9, BACKUP_DIR: 2.9 }, 'unhealthy', '2.9 % of the disk of BACKUP_DIR is free'],
    [
      { DATA_DIR: 50, BACKUP_DIR: undefined },
      'unhealthy',
      'the disk of BACKUP_DIR: no answer within 1000 ms',
    ],
  ])('is that of the worse one: %o', async (free, status, message) => {
    const check = await healthOf(free);
    expect([check.status, check.message]).toEqual([status, message]);
    expect(Object.keys(check.disks as object)).toEqual(['DATA_DIR', 'BACKUP_DIR']);
  });

  it('is said once where all is on one disk, and not at all where nothing is stored', async () => {
    expect(await healthOf({ DATA_DIR: 50 })).toEqual({
      status: 'healthy',
      latencyMs: 1,
      freePercent: 50,
      freeBytes: 500,
      totalBytes: 1_000,
    });
    expect((await healthOf({})).status).toBe('not_configured');
  });

  it('is that of one with room, where the file system does not say how large it is', async () => {
    const disk: Disk = { folder: 'BACKUP_DIR', latencyMs: 1, room: { freeBytes: 0, totalBytes: 0 } };
    const port = { look: async () => [disk] } as Pick<Disks, 'look'> as Disks;
    expect(await new DiskHealth(port, loadConfig({})).check()).toMatchObject({
      status: 'healthy',
      freePercent: 100,
    });
  });
});
