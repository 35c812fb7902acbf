import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Act, AuditLog } from '../audit/audit-log.js';
import { notFound } from '../errors/domain-error.js';
import { traceableUrl } from './traceable-url.js';
import { type StoredWebhook, type WebhookChange, WebhookRepository } from './webhook.repository.js';
import { webhookView } from './webhook.view.js';

/** Changes of endpoints, with what follows from them, and who made them. */
@Injectable()
export class WebhookChanges {
  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly audit: AuditLog,
  ) {}

  /** An endpoint that nobody else changes until the transaction ends. @throws DomainError `webhook_not_found` */
  async hold(tx: EntityManager, id: string): Promise<StoredWebhook> {
    const webhook = await this.webhooks.hold(tx, id);
    if (!webhook) throw notFound('webhook', id);
    return webhook;
  }

  /** Stores a change. */
  async apply(
    tx: EntityManager,
    { id, revision }: StoredWebhook,
    change: WebhookChange,
    at: Date,
  ): Promise<StoredWebhook> {
    await this.webhooks.update(tx, id, { ...change, revision: revision + 1, updatedAt: at });
    if (change.enabled) await this.webhooks.recover(tx, id);
    return this.hold(tx, id);
  }

  /** Records what was done to an endpoint, at the end of the transaction. */
  record(
    tx: EntityManager,
    action: Act['action'],
    subject: string,
    { before, after }: { readonly before?: StoredWebhook; readonly after?: StoredWebhook },
  ): Promise<void> {
    return this.audit.record(tx, {
      action,
      subject,
      before: before && settingsOf(before),
      after: after && settingsOf(after),
    });
  }
}

/** What somebody has set of an endpoint; whoever may read what was done need not know the way to send to it. */
function settingsOf(webhook: StoredWebhook) {
  const { url, description, eventTypes, headers, rateLimitPerSecond, ordered, enabled } =
    webhookView(webhook);
  return { url: traceableUrl(url), description, eventTypes, headers, rateLimitPerSecond, ordered, enabled };
}
