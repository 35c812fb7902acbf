import type { BackupHealth } from '../backups/backup-health.js';
import { loadConfig } from '../config/config.js';
import { BackupsHealth } from './backups-health.js';
import type { DatabaseProbe } from './database-probe.js';

describe('the health of backups', () => {
  it('is never worse than degraded, also where the look at them fails', async () => {
    const check = async () => {
      throw new Error('EIO: i/o error, scandir');
    };
    const backups = { check } as Pick<BackupHealth, 'check'> as BackupHealth;
    expect(await new BackupsHealth(backups, {} as DatabaseProbe, loadConfig({})).check()).toEqual({
      status: 'degraded',
      message: 'EIO: i/o error, scandir',
      latencyMs: expect.any(Number),
    });
  });
});
