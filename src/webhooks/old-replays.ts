import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { OldRows, type RowsByAge } from '../retention/old-rows.js';
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
export class OldReplays {
  constructor(oldRows: OldRows, kinds: RetentionKinds, @Inject(CONFIG) { webhooks }: Config) {
    const kind = { name: 'webhook_replays', keepFor: webhooks.retention } as const;
    kinds.register(oldRows.kind(kind, FINISHED, (before) => [firstIdOf(before.getTime()), before]));
  }
}
