import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { OldRows, type RowsByAge } from '../retention/old-rows.js';
import type { DeletedBatch, Due, RetentionKind } from '../retention/retention-kind.js';
import { RetentionKinds } from '../retention/retention-kinds.js';

const SEEN: RowsByAge = { table: 'monitoring_samples', isOld: 'at < $1', order: 'at' };

/** What the monitor saw longer ago than `MONITORING_RETENTION`, and processes that it saw at last then. */
@Injectable()
export class OldSamples implements RetentionKind {
  readonly name = 'monitoring_samples';
  readonly keepFor: number;

  constructor(
    private readonly dataSource: DataSource,
    private readonly oldRows: OldRows,
    kinds: RetentionKinds,
    @Inject(CONFIG) config: Config,
  ) {
    this.keepFor = config.monitoring.retention;
    kinds.register(this);
  }

  due(before: Date): Promise<Due> {
    return this.oldRows.due(SEEN, [before]);
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    const next = this.oldRows.begin(SEEN, [before]);
    let isAny = false;
    return async () => {
      const batch = await next();
      isAny ||= batch.deleted > 0;
      if (batch.isOver && isAny) await this.forgetProcesses(before);
      return batch;
    };
  }

  /** A row for each process that there was; they are few, and were seen as long as there were samples of them. */
  private async forgetProcesses(before: Date): Promise<void> {
    await this.dataSource.query(
      `with forgotten as (delete from monitoring_states where seen_at < $1)
       delete from monitoring_probes where written_at < $1`,
      [before],
    );
  }
}
