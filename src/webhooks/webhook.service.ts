import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';
import { invalidInput, notFound } from '../errors/domain-error.js';
import type { Page } from '../http/pagination.js';
import { FanOut } from './dispatch/fan-out.js';
import { MissedEvents } from './missed-events.js';
import { checkEndpointUrl } from './sending/endpoint-url.js';
import type { Webhook } from './webhook.entity.js';
import { type WebhookChange, WebhookRepository } from './webhook.repository.js';
import type {
  ChangeWebhook,
  CreatedWebhook,
  CreateWebhook,
  EnabledWebhook,
  ListWebhooks,
  RotatedSecret,
  WebhookView,
} from './webhook.schemas.js';
import { webhookView } from './webhook.view.js';
import { WebhookChanges } from './webhook-changes.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** What an endpoint is told, how, and with which secret. */
@Injectable()
export class WebhookService {
  constructor(
    private readonly transactor: Transactor,
    private readonly webhooks: WebhookRepository,
    private readonly changes: WebhookChanges,
    private readonly secrets: WebhookSecrets,
    private readonly deliveries: WebhookDeliveries,
    private readonly missed: MissedEvents,
    private readonly fanOut: FanOut,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @returns the endpoint with its secret, which nothing can show again */
  async create(body: CreateWebhook): Promise<CreatedWebhook> {
    this.checkUrl(body.url);
    const at = new Date(this.clock.now());
    const webhook: Webhook = {
      id: this.ids.next(),
      url: body.url,
      description: body.description ?? null,
      eventTypes: body.eventTypes ?? null,
      headers: body.headers ?? {},
      rateLimitPerSecond: body.rateLimitPerSecond ?? null,
      ordered: body.ordered ?? false,
      enabled: true,
      disabledAt: null,
      disabledReason: null,
      missedAfter: null,
      revision: 1,
      createdAt: at,
      updatedAt: at,
    };
    const after = { ...webhook, failingSince: null, failures: 0, blockedUntil: null };
    const secret = await this.transactor.run(async (tx) => {
      await this.webhooks.insert(tx, webhook);
      const first = await this.secrets.add(tx, webhook.id, at);
      await this.changes.record(tx, 'webhook.created', webhook.id, { after });
      return first;
    });
    this.fanOut.endpointsChanged();
    return { ...webhookView(after), secret };
  }

  list(query: ListWebhooks): Promise<Page<WebhookView>> {
    return this.webhooks.list(query, webhookView);
  }

  async find(id: string): Promise<WebhookView> {
    const webhook = await this.webhooks.find(id);
    if (!webhook) throw notFound('webhook', id);
    return webhookView(webhook);
  }

  /** Changes what is given; where the order of conversations is no longer kept, what waited for others is due now. */
  async change(id: string, { enabled, ...change }: ChangeWebhook): Promise<WebhookView> {
    if (change.url !== undefined) this.checkUrl(change.url);
    const changed = await this.transactor.run(async (tx) => {
      const missedAfter = enabled === undefined ? null : await this.missed.hold(tx);
      const before = await this.changes.hold(tx, id);
      const at = new Date(this.clock.now());
      const after = await this.changes.apply(
        tx,
        before,
        { ...change, ...switched(before, enabled, at, missedAfter) },
        at,
      );
      await this.changes.record(tx, 'webhook.changed', id, { before, after });
      return after;
    });
    if (change.ordered === false) await this.deliveries.release(id);
    this.fanOut.endpointsChanged();
    return webhookView(changed);
  }

  /** Enables an endpoint, as if it had never failed; one that is enabled stays as it is. */
  async enable(id: string): Promise<EnabledWebhook> {
    const { webhook, missedSince } = await this.transactor.run(async (tx) => {
      await this.missed.hold(tx);
      const webhook = await this.changes.hold(tx, id);
      if (webhook.enabled) return { webhook, missedSince: null };
      const at = new Date(this.clock.now());
      const enabled = await this.changes.apply(tx, webhook, switched(webhook, true, at, null), at);
      const missedSince = await this.missedSince(tx, webhook);
      await this.changes.record(tx, 'webhook.enabled', id, { before: webhook, after: enabled });
      return { webhook: enabled, missedSince };
    });
    this.fanOut.endpointsChanged();
    return { ...webhookView(webhook), missedSince: missedSince?.toISOString() ?? null };
  }

  /** Makes a new secret, which nothing can show again; the one before signs too for WEBHOOK_SECRET_OVERLAP. */
  rotateSecret(id: string): Promise<RotatedSecret> {
    return this.transactor.run(async (tx) => {
      const webhook = await this.changes.hold(tx, id);
      const at = new Date(this.clock.now());
      await this.changes.apply(tx, webhook, {}, at);
      const rotated = await this.secrets.rotate(tx, id, at);
      await this.changes.record(tx, 'webhook.secret_rotated', id, {});
      return rotated;
    });
  }

  private async missedSince(tx: EntityManager, { missedAfter, disabledAt }: Webhook): Promise<Date | null> {
    if (missedAfter === null || disabledAt === null) return disabledAt;
    return this.missed.since(tx, missedAfter, disabledAt);
  }

  private checkUrl(url: string): void {
    const message = checkEndpointUrl(url, this.config.webhooks);
    if (message !== undefined) throw invalidInput([{ path: 'url', message }]);
  }
}

/** What changes of an endpoint that is enabled or disabled by a person; nothing where it is so already. */
function switched(
  webhook: Webhook,
  enabled: boolean | undefined,
  at: Date,
  missedAfter: string | null,
): WebhookChange {
  if (enabled === undefined || enabled === webhook.enabled) return {};
  if (enabled) return { enabled, disabledAt: null, disabledReason: null, missedAfter: null };
  return { enabled, disabledAt: at, disabledReason: 'manual', missedAfter };
}
