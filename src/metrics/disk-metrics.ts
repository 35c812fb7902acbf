import { Injectable } from '@nestjs/common';
import { type Disk, Disks, type Room } from '../health/disks.js';
import { Metrics } from './metrics.js';

/** The disks that something is kept on, as this process sees them; one that does not answer is absent. */
@Injectable()
export class DiskMetrics {
  private found: readonly Disk[] = [];

  constructor(
    metrics: Metrics,
    private readonly disks: Disks,
  ) {
    const gauge = (name: string, help: string, read: (room: Room) => number) =>
      metrics.gauge(name, help, ['folder'], () =>
        this.found.flatMap((disk) =>
          'room' in disk ? [[{ folder: disk.folder }, read(disk.room)] as const] : [],
        ),
      );
    gauge(
      'disk_free_bytes',
      'Room on the disk of DATA_DIR, and on that of BACKUP_DIR where it is another one.',
      ({ freeBytes }) => freeBytes,
    );
    gauge('disk_size_bytes', 'How large these disks are.', ({ totalBytes }) => totalBytes);
  }

  /** Looks; resolved within HEALTH_PROBE_TIMEOUT. */
  async refresh(): Promise<void> {
    this.found = await this.disks.look();
  }
}
