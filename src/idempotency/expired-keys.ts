import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { OldRows, type RowsByAge } from '../retention/old-rows.js';
import type { DeletedBatch, Due, RetentionKind } from '../retention/retention-kind.js';
import { RetentionKinds } from '../retention/retention-kinds.js';

const EXPIRED: RowsByAge = { table: 'idempotency_records', isOld: 'expires_at <= $1', order: 'expires_at' };

/** Idempotency keys that have expired. Each says itself when: by the setting that held when it was used. */
@Injectable()
export class ExpiredKeys implements RetentionKind {
  readonly name = 'idempotency_keys';
  readonly keepFor: number;
  readonly expires = true;

  constructor(
    private readonly oldRows: OldRows,
    kinds: RetentionKinds,
    @Inject(CONFIG) config: Config,
  ) {
    this.keepFor = config.messages.idempotencyRetention;
    kinds.register(this);
  }

  due(now: Date): Promise<Due> {
    return this.oldRows.due(EXPIRED, [now]);
  }

  begin(now: Date): () => Promise<DeletedBatch> {
    return this.oldRows.begin(EXPIRED, [now]);
  }
}
