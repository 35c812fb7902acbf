import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { errorMessage } from '../resilience/error-code.js';
import { type Disk, Disks } from './disks.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';

/** The worst first. */
const ORDER: readonly HealthCheck['status'][] = ['unhealthy', 'degraded', 'healthy'];

/** Whether there is room on the disks of the data directory and of the backups; the worse of them counts. */
@Injectable()
export class DiskHealth implements HealthPart {
  readonly name = 'disk';
  private readonly limits: Config['health'];

  constructor(
    private readonly disks: Disks,
    @Inject(CONFIG) config: Config,
  ) {
    this.limits = config.health;
  }

  async check(): Promise<HealthCheck> {
    const checks = (await this.disks.look()).map((disk) => [disk.folder, this.judge(disk)] as const);
    const [worst] = checks
      .map(([, check]) => check)
      .toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
    if (worst === undefined) return { status: 'not_configured', message: 'there is no data directory' };
    return checks.length === 1 ? worst : { ...worst, disks: Object.fromEntries(checks) };
  }

  private judge(disk: Disk): HealthCheck {
    const { folder, latencyMs } = disk;
    if ('error' in disk)
      return {
        status: 'unhealthy',
        latencyMs,
        message: `the disk of ${folder}: ${errorMessage(disk.error)}`,
      };
    const { freeBytes, totalBytes } = disk.room;
    // Some file systems, such as those of buckets, do not say how large they are.
    const freePercent = totalBytes > 0 ? Math.round((freeBytes / totalBytes) * 1000) / 10 : 100;
    const facts = { latencyMs, freePercent, freeBytes, totalBytes };
    const { diskFreeDegraded, diskFreeUnhealthy } = this.limits;
    const message = `${freePercent} % of the disk of ${folder} is free`;
    if (freePercent < diskFreeUnhealthy) return { status: 'unhealthy', message, ...facts };
    if (freePercent < diskFreeDegraded) return { status: 'degraded', message, ...facts };
    return { status: 'healthy', ...facts };
  }
}
