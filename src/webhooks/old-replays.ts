import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { OldRows, type RowsByAge } from '../retention/old-rows.js';
import type { DeletedBatch, Due, RetentionKind } from '../retention/retention-kind.js';
import { RetentionKinds } from '../retention/retention-kinds.js';
import { firstIdOf } from './id-time.js';

/** What was finished long ago was also made long ago, and its id says when. */
const FINISHED: RowsByAge = {
  table: 'webhook_replays',
  isOld: 'id < $1 and finished_at <= $2',
  order: 'id',
};

/** Replays that are finished since `WEBHOOK_RETENTION`. */
@Injectable()
export class OldReplays implements RetentionKind {
  readonly name = 'webhook_replays';
  readonly keepFor: number;

  constructor(
    private readonly oldRows: OldRows,
    kinds: RetentionKinds,
    @Inject(CONFIG) config: Config,
  ) {
    this.keepFor = config.webhooks.retention;
    kinds.register(this);
  }

  due(before: Date): Promise<Due> {
    return this.oldRows.due(FINISHED, [firstIdOf(before.getTime()), before]);
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    return this.oldRows.begin(FINISHED, [firstIdOf(before.getTime()), before]);
  }
}
