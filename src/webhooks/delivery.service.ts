import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../clock/clock.js';
import { afterCommit } from '../database/after-commit.js';
import { Transactor } from '../database/transactor.js';
import { notFound } from '../errors/domain-error.js';
import type { Page } from '../http/pagination.js';
import { DeliveryRepository } from './delivery.repository.js';
import {
  ATTEMPTS_SHOWN,
  type DeliveryDetailsView,
  type DeliveryView,
  type ListDeliveries,
} from './delivery.schemas.js';
import { deliveryDetailsView, deliveryView } from './delivery.view.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { WebhookRepository } from './webhook.repository.js';
import { webhookDisabled } from './webhook-disabled.js';

/** Deliveries as people deal with them: looked at, and sent once more. */
@Injectable()
export class DeliveryService {
  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly webhooks: WebhookRepository,
    private readonly transactor: Transactor,
    private readonly dispatcher: Dispatcher,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  async list(webhookId: string, query: ListDeliveries): Promise<Page<DeliveryView>> {
    if (!(await this.webhooks.find(webhookId))) throw notFound('webhook', webhookId);
    return this.deliveries.list(webhookId, query, deliveryView);
  }

  async find(id: string): Promise<DeliveryDetailsView> {
    const found = await this.deliveries.findDetailed(id, ATTEMPTS_SHOWN);
    if (!found) throw notFound('delivery', id);
    return deliveryDetailsView(found);
  }

  /**
   * Has one sent once more, as soon as the endpoint takes it; one that is pending, sooner. Where the endpoint wants
   * order kept, it comes before what waits of its conversation and behind what was sent since: that was asked for.
   *
   * @throws DomainError `webhook_disabled`
   */
  async redeliver(id: string): Promise<DeliveryView> {
    const delivery = await this.transactor.run(async (tx) => {
      const found = await this.deliveries.find(id, tx);
      const webhook = found && (await this.webhooks.find(found.webhookId, tx));
      if (!webhook) throw notFound('delivery', id);
      if (!webhook.enabled) throw webhookDisabled(webhook.id);
      const at = new Date(this.clock.now());
      if (found.outcome === null) await this.deliveries.hasten(tx, at, id);
      else await this.deliveries.requeue(tx, at, webhook.id, [found.eventId]);
      afterCommit(tx, () => this.dispatcher.wake());
      const again = (await this.deliveries.find(id, tx)) ?? found;
      await this.audit.record(tx, {
        action: 'delivery.repeated',
        subject: id,
        before: { outcome: found.outcome },
        after: { webhookId: webhook.id },
      });
      return again;
    });
    return deliveryView(delivery);
  }
}
