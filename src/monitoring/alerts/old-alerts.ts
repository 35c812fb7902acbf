import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { OldRows, type RowsByAge } from '../../retention/old-rows.js';
import { RetentionKinds } from '../../retention/retention-kinds.js';

const RESOLVED: RowsByAge = { table: 'alerts', isOld: 'resolved_at < $1', order: 'resolved_at' };

/** Alerts, with their notices, that are resolved since `ALERT_RETENTION`. */
@Injectable()
export class OldAlerts {
  constructor(oldRows: OldRows, kinds: RetentionKinds, @Inject(CONFIG) { alerts }: Config) {
    kinds.register(oldRows.kind({ name: 'alerts', keepFor: alerts.retention }, RESOLVED));
  }
}
