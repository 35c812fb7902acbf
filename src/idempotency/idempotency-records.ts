import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { keyReused } from './idempotency-operation.js';
import { requestHash } from './request-hash.js';
import type { RequestKey } from './request-key.js';

/** What a request makes, by which its answer is found again. Answers are not stored a second time. */
export type Made = { readonly messageId: string } | { readonly reminderId: string };

interface KnownRequest {
  readonly requestHash: string;
  readonly madeId: string;
}

/** The table of idempotency keys. Ingest claims its own in its own way: see ingest-messages.sql. */
@Injectable()
export class IdempotencyRecords {
  private readonly keepFor: number;

  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.keepFor = config.messages.idempotencyRetention;
  }

  /**
   * Claims a key in the transaction that makes what is asked for; before any other lock, as ingest does. A key whose
   * first request still runs makes us wait for its end here. One that has expired can be used again.
   *
   * @param request the route, what it is about, and the validated body: whatever tells it from another request
   * @returns the id of what the first request made; undefined: this is the first one
   * @throws DomainError `idempotency_key_reused`
   */
  async claim(
    tx: EntityManager,
    key: RequestKey,
    request: readonly unknown[],
    made: Made,
  ): Promise<string | undefined> {
    // Never that of a message, which is an object and not a list: a key belongs to one route.
    const hash = requestHash(request);
    if (await this.insert(tx, key, hash, made)) return undefined;
    const known = await this.find(tx, key);
    if (known.requestHash !== hash) throw keyReused();
    return known.madeId;
  }

  /**
   * The key is locked in any case, until the transaction ends: while the answer is read, nobody erases it or cleans it up.
   *
   * @returns whether nobody had the key, or one that has expired
   */
  private async insert(
    tx: EntityManager,
    { ownerId, key }: RequestKey,
    hash: string,
    made: Made,
  ): Promise<boolean> {
    const now = this.clock.now();
    const inserted: unknown[] = await tx.query(
      `insert into idempotency_records as record
              (owner_id, key, request_hash, message_id, reminder_id, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (owner_id, key) do update
          set request_hash = excluded.request_hash,
              message_id   = excluded.message_id,
              reminder_id  = excluded.reminder_id,
              created_at   = excluded.created_at,
              expires_at   = excluded.expires_at
        where record.expires_at <= excluded.created_at
       returning key`,
      [
        ownerId,
        key,
        hash,
        'messageId' in made ? made.messageId : null,
        'reminderId' in made ? made.reminderId : null,
        new Date(now),
        new Date(now + this.keepFor),
      ],
    );
    return inserted.length === 1;
  }

  private async find(tx: EntityManager, { ownerId, key }: RequestKey): Promise<KnownRequest> {
    const [known]: KnownRequest[] = await tx.query(
      `select request_hash as "requestHash", coalesce(message_id, reminder_id) as "madeId"
         from idempotency_records
        where owner_id = $1 and key = $2`,
      [ownerId, key],
    );
    if (!known) throw new Error('An idempotency key that was there is gone.');
    return known;
  }
}
