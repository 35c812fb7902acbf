import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { productVersion } from '../config/product-version.js';
import { MaintenanceMode } from '../maintenance/maintenance-mode.js';
import type { SystemInfo } from './system.schemas.js';

/** Of the database, in one round trip. */
interface DatabaseInfo {
  readonly version: string;
  readonly migration: string | null;
  readonly sizeBytes: string;
  readonly auditEntries: string;
}

/** What runs here, and on what. */
@Injectable()
export class SystemInformation {
  constructor(
    private readonly dataSource: DataSource,
    private readonly maintenance: MaintenanceMode,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async read(): Promise<SystemInfo> {
    const { process: own, database, redis, rateLimit, backups, tracing, errorReports } = this.config;
    const [row]: DatabaseInfo[] = await this.dataSource.query(
      `select current_setting('server_version') as version,
              (select name from migrations order by id desc limit 1) as migration,
              pg_database_size(current_database()) as "sizeBytes",
              (select coalesce(max(number), 0) from audit_log) as "auditEntries"`,
    );
    if (!row) throw new Error('PostgreSQL answered nothing.');
    return {
      version: productVersion(),
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      instance: {
        host: hostname(),
        pid: process.pid,
        roles: [...own.roles],
        uptimeSeconds: Math.floor(process.uptime()),
      },
      database: {
        // Debian adds where it comes from.
        version: row.version.split(' ', 1)[0] ?? row.version,
        embedded: database.url === undefined,
        migration: row.migration,
        sizeBytes: Number(row.sizeBytes),
      },
      features: {
        redis: redis.target !== undefined,
        rateLimits: rateLimit.mode === 'on',
        encryptedBackups: backups.encryptionKey !== undefined,
        traces: tracing.endpoint !== undefined,
        errorReports: errorReports.dsn !== undefined,
      },
      maintenance: this.maintenance.isOn,
      auditEntries: Number(row.auditEntries),
    };
  }
}
