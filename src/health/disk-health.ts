import { statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { errorCode } from '../resilience/error-code.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';
import { SingleProbe, unreachable } from './single-probe.js';

/** Whether there is room on the disk of the data directory; a network disk may hang, so it is probed as well. */
@Injectable()
export class DiskHealth implements HealthPart {
  readonly name = 'disk';
  private readonly folder: string;
  private readonly limits: Config['health'];
  private readonly probe: SingleProbe;

  constructor(@Inject(CONFIG) config: Config) {
    this.folder = config.database.dataDir;
    this.limits = config.health;
    this.probe = new SingleProbe(config.health.probeTimeout);
  }

  async check(): Promise<HealthCheck> {
    const started = performance.now();
    try {
      const { result, latencyMs } = await this.probe.ask('disk', () => statfs(this.folder));
      return { ...this.judge(Number(result.bavail) / Number(result.blocks)), latencyMs, ...bytes(result) };
    } catch (error) {
      // With a database of one's own nothing may have been stored here yet.
      if (errorCode(error) === 'ENOENT')
        return { status: 'not_configured', message: 'there is no data directory' };
      return unreachable(error, started);
    }
  }

  private judge(free: number): HealthCheck {
    const percent = Math.round(free * 1000) / 10;
    const facts = { freePercent: percent };
    const { diskFreeDegraded, diskFreeUnhealthy } = this.limits;
    const message = `${percent} % of the disk is free`;
    if (percent < diskFreeUnhealthy) return { status: 'unhealthy', message, ...facts };
    if (percent < diskFreeDegraded) return { status: 'degraded', message, ...facts };
    return { status: 'healthy', ...facts };
  }
}

function bytes({ bavail, blocks, bsize }: Awaited<ReturnType<typeof statfs>>) {
  return { freeBytes: Number(bavail) * Number(bsize), totalBytes: Number(blocks) * Number(bsize) };
}
