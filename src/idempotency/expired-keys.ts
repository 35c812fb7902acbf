import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { OldRows, type RowsByAge } from '../retention/old-rows.js';
import { RetentionKinds } from '../retention/retention-kinds.js';

const EXPIRED: RowsByAge = { table: 'idempotency_records', isOld: 'expires_at <= $1', order: 'expires_at' };

/** Idempotency keys that have expired. Each says itself when: by the setting that held when it was used. */
@Injectable()
export class ExpiredKeys {
  constructor(oldRows: OldRows, kinds: RetentionKinds, @Inject(CONFIG) { messages }: Config) {
    const kind = { name: 'idempotency_keys', keepFor: messages.idempotencyRetention, expires: true } as const;
    kinds.register(oldRows.kind(kind, EXPIRED));
  }
}
