import { Inject, Injectable } from '@nestjs/common';
import { BackupHealth } from '../backups/backup-health.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DatabaseProbe } from './database-probe.js';
import type { HealthCheck } from './health.schemas.js';
import type { HealthPart } from './health-part.js';
import { SingleProbe, unreachable } from './single-probe.js';

/** Whether backups are made, and can be; their folder may be on a network disk that hangs. */
@Injectable()
export class BackupsHealth implements HealthPart {
  readonly name = 'backups';
  private readonly probe: SingleProbe;

  constructor(
    private readonly backups: BackupHealth,
    private readonly database: DatabaseProbe,
    @Inject(CONFIG) config: Config,
  ) {
    this.probe = new SingleProbe(config.health.probeTimeout);
  }

  async check(): Promise<HealthCheck> {
    const started = performance.now();
    const query = async (text: string, values?: unknown[]) =>
      (await this.database.ask(`backups: ${text}`, text, values)).result;
    try {
      const { result, latencyMs } = await this.probe.ask('backups', () =>
        this.backups.check({ query: query as Query }),
      );
      return { ...result, latencyMs };
    } catch (error) {
      // Otklik works without them.
      return { ...unreachable(error, started), status: 'degraded' };
    }
  }
}

type Query = Parameters<BackupHealth['check']>[0]['query'];
