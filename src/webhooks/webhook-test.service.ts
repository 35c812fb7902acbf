import { Injectable } from '@nestjs/common';
import { IdGenerator } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { notFound } from '../errors/domain-error.js';
import { attemptOf, attemptView } from './attempt.view.js';
import { WebhookSender } from './sending/webhook-sender.js';
import { WebhookRepository } from './webhook.repository.js';
import type { WebhookTestView } from './webhook.schemas.js';
import { WebhookDisabling } from './webhook-disabling.js';
import { WebhookTargets } from './webhook-targets.js';
import { WebhookTestRepository } from './webhook-test.repository.js';
import { WebhookTestEvents } from './webhook-test-events.js';

/** Shows at once what an endpoint answers: one signed request, whatever stands before its other deliveries. */
@Injectable()
export class WebhookTestService {
  constructor(
    private readonly transactor: Transactor,
    private readonly webhooks: WebhookRepository,
    private readonly targets: WebhookTargets,
    private readonly events: WebhookTestEvents,
    private readonly sender: WebhookSender,
    private readonly tests: WebhookTestRepository,
    private readonly disabling: WebhookDisabling,
    private readonly ids: IdGenerator,
  ) {}

  /** @throws DomainError `webhook_not_found`, `secret_unreadable` */
  async test(webhookId: string): Promise<WebhookTestView> {
    const webhook = await this.webhooks.find(webhookId);
    const target = webhook && (await this.targets.get(webhookId, webhook.revision));
    if (!target) throw notFound('webhook', webhookId);
    const event = await this.events.announce(webhookId, target.url);
    const result = await this.sender.send(target, event);
    const status = result.verdict === 'delivered' ? 'delivered' : 'failed';
    const delivery = {
      id: this.ids.next(),
      webhookId,
      outcome: status,
      finishedAt: new Date(result.startedAt + result.duration),
    } as const;
    const attempt = attemptOf(delivery.id, 1, result);
    if (!(await this.transactor.run((tx) => this.tests.insert(tx, delivery, event, attempt)))) {
      throw notFound('webhook', webhookId);
    }
    if (result.verdict === 'gone') await this.disabling.disable(webhookId, 'gone');
    return { delivery: { id: delivery.id, status }, attempt: attemptView(attempt) };
  }
}
