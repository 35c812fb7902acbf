import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';

/** How the monitor watches. Times are milliseconds. */
export interface MonitorSettings {
  readonly interval: number;
  readonly responseTimeDegraded: number;
  readonly responseTimeUnhealthy: number;
  /** Samples in a row that have to be worse, or better, before a part counts as that. */
  readonly samplesToWorsen: number;
  readonly samplesToRecover: number;
}

/** What somebody set when the monitor was started, for the whole installation; the rest is as configured. */
@Injectable()
export class StoredMonitorSettings {
  private readonly configured: MonitorSettings;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    @Inject(CONFIG) config: Config,
  ) {
    const { interval, responseTimeDegraded, responseTimeUnhealthy, samplesToWorsen, samplesToRecover } =
      config.monitoring;
    this.configured = {
      interval,
      responseTimeDegraded,
      responseTimeUnhealthy,
      samplesToWorsen,
      samplesToRecover,
    };
  }

  /** @param stored what stands in the table; null: nothing */
  with(stored: Partial<MonitorSettings> | null): MonitorSettings {
    return { ...this.configured, ...stored };
  }

  async read(): Promise<MonitorSettings> {
    const [row] = await this.dataSource.query('select settings from monitoring_settings');
    return this.with(row?.settings ?? null);
  }

  /** Adds to what was set before. */
  async store(settings: Partial<MonitorSettings>): Promise<MonitorSettings> {
    return this.transactor.run(async (tx) => {
      const [former] = await tx.query('select settings from monitoring_settings for update');
      const [row] = await tx.query(
        `insert into monitoring_settings as stored (is_only, settings) values (true, $1)
       on conflict (is_only) do update set settings = stored.settings || excluded.settings
       returning settings`,
        [JSON.stringify(settings)],
      );
      const [before, after] = [this.with(former?.settings ?? null), this.with(row.settings)];
      if (!isDeepStrictEqual(before, after)) {
        await this.audit.record(tx, { action: 'monitoring.changed', subject: null, before, after });
      }
      return after;
    });
  }
}
