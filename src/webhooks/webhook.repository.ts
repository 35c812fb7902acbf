import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { type DisabledReason, Webhook } from './webhook.entity.js';
import type { ListWebhooks } from './webhook.schemas.js';

/** An endpoint, and how it does. */
export interface StoredWebhook extends Webhook {
  readonly failingSince: Date | null;
  readonly failures: number;
  readonly blockedUntil: Date | null;
}

/** What of an endpoint changes; what is undefined does not. */
export type WebhookChange = { readonly [Key in keyof Webhook]?: Webhook[Key] | undefined };

/** What a worker needs to know of an endpoint. */
export interface StoredTarget {
  readonly id: string;
  readonly revision: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its secrets, the present one first. */
  readonly sealed: readonly Buffer[];
  /** Until when each of them signs; null: the present one. */
  readonly expiresAt: readonly (Date | null)[];
}

const SIGNING = 'where webhook_id = webhook.id order by expires_at desc nulls first, id desc';

const SELECT = `
  select webhook.id, url, description, event_types as "eventTypes", headers,
         rate_limit_per_second as "rateLimitPerSecond", ordered, enabled, disabled_at as "disabledAt",
         disabled_reason as "disabledReason", missed_after as "missedAfter", revision, created_at as "createdAt", updated_at as "updatedAt",
         failing_since as "failingSince", failures, blocked_until as "blockedUntil"
    from webhooks webhook
    join webhook_states state on state.webhook_id = webhook.id and webhook.deleted_at is null`;

/** The tables of endpoints and of how they do. One that was deleted is not there, whatever is left of it. */
@Injectable()
export class WebhookRepository {
  constructor(private readonly dataSource: DataSource) {}

  async insert(tx: EntityManager, webhook: Webhook): Promise<void> {
    await tx.insert(Webhook, webhook);
    await tx.query('insert into webhook_states (webhook_id) values ($1)', [webhook.id]);
  }

  async find(id: string, tx: EntityManager = this.dataSource.manager): Promise<StoredWebhook | undefined> {
    const [webhook]: StoredWebhook[] = await tx.query(`${SELECT} where webhook.id = $1`, [id]);
    return webhook;
  }

  /** Endpoints, newest first. */
  async list<T>({ limit, cursor }: ListWebhooks, show: (webhook: StoredWebhook) => T): Promise<Page<T>> {
    const before = cursor === undefined ? null : decodeCursor('webhooks', cursor, ['id'])[0];
    const rows: StoredWebhook[] = await this.dataSource.query(
      `${SELECT} where $1::uuid is null or webhook.id < $1 order by webhook.id desc limit $2`,
      [before, limit + 1],
    );
    return toPage('webhooks', rows, limit, ({ id }) => [id], show);
  }

  /**
   * An endpoint that nobody else changes until the transaction ends. How it does is locked first, as whoever makes
   * deliveries does, and not the key of the endpoint, which they refer to.
   */
  async hold(tx: EntityManager, id: string): Promise<StoredWebhook | undefined> {
    await tx.query('select from webhook_states where webhook_id = $1 for update', [id]);
    await tx.query('select from webhooks where id = $1 for no key update', [id]);
    return this.find(id, tx);
  }

  /** What workers need to know of endpoints; those that are gone are left out. */
  findTargets(ids: readonly string[]): Promise<StoredTarget[]> {
    return this.dataSource.query(
      `select id, revision, url, headers,
              array(select sealed from webhook_secrets ${SIGNING}) as sealed,
              array(select expires_at from webhook_secrets ${SIGNING}) as "expiresAt"
         from webhooks webhook
        where id = any ($1) and deleted_at is null`,
      [ids],
    );
  }

  /** Endpoints that are told of events, the newest first. */
  async enabledIds(limit: number): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      'select id from webhooks where enabled order by id desc limit $1',
      [limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Changes what is given; the endpoint is held. */
  async update(tx: EntityManager, id: string, change: WebhookChange): Promise<void> {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    await tx.update(Webhook, { id }, Object.fromEntries(given));
  }

  /** Disables one that is enabled. @returns its URL; undefined: it is not */
  async disable(
    tx: EntityManager,
    id: string,
    reason: DisabledReason,
    at: Date,
    missedAfter: string,
  ): Promise<string | undefined> {
    const [[row]] = (await tx.query(
      `update webhooks
          set enabled = false, disabled_at = $3, disabled_reason = $2, missed_after = $4, updated_at = $3,
              revision = revision + 1
        where id = $1 and enabled
       returning url`,
      [id, reason, at, missedAfter],
    )) as [{ url: string }[], number];
    return row?.url;
  }

  /** Forgets that an endpoint has failed: it begins anew. */
  async recover(tx: EntityManager, id: string): Promise<void> {
    await tx.query(
      `update webhook_states set failing_since = null, failures = 0, blocked_until = null where webhook_id = $1`,
      [id],
    );
  }

  /**
   * Lets the next of the deliveries go that wait for an earlier one of their conversation; the endpoint is held.
   *
   * @param after the event's position of the last of those before
   * @returns the same of these; undefined: there were none
   */
  async releaseHeldBack(
    tx: EntityManager,
    id: string,
    after: string,
    limit: number,
    at: Date,
  ): Promise<string | undefined> {
    const [last]: { position: string }[] = await tx.query(
      `with batch as materialized (
         select id, event_position from deliveries
          where webhook_id = $1 and outcome is null and next_attempt_at = 'infinity' and event_position > $2
          order by event_position
          limit $3
       ), released as (
         update deliveries set next_attempt_at = $4, ordered_by = null where id = any (array(select id from batch))
       )
       select event_position as position from batch order by event_position desc limit 1`,
      [id, after, limit, at],
    );
    return last?.position;
  }
}
