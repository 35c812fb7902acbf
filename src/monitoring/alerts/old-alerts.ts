import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { OldRows, type RowsByAge } from '../../retention/old-rows.js';
import type { DeletedBatch, Due, RetentionKind } from '../../retention/retention-kind.js';
import { RetentionKinds } from '../../retention/retention-kinds.js';

const RESOLVED: RowsByAge = { table: 'alerts', isOld: 'resolved_at < $1', order: 'resolved_at' };

/** Alerts, with their notices, that are resolved since `ALERT_RETENTION`. */
@Injectable()
export class OldAlerts implements RetentionKind {
  readonly name = 'alerts';
  readonly keepFor: number;

  constructor(
    private readonly oldRows: OldRows,
    kinds: RetentionKinds,
    @Inject(CONFIG) config: Config,
  ) {
    this.keepFor = config.alerts.retention;
    kinds.register(this);
  }

  due(before: Date): Promise<Due> {
    return this.oldRows.due(RESOLVED, [before]);
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    return this.oldRows.begin(RESOLVED, [before]);
  }
}
