import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Transactor } from '../database/transactor.js';
import { Outbox } from '../events/outbox.js';
import { traceableUrl } from './traceable-url.js';
import { type TestEvent, WebhookTestRepository } from './webhook-test.repository.js';

/** Says that somebody tests an endpoint, before anything is sent there. */
@Injectable()
export class WebhookTestEvents {
  constructor(
    private readonly transactor: Transactor,
    private readonly outbox: Outbox,
    private readonly tests: WebhookTestRepository,
    private readonly audit: AuditLog,
  ) {}

  async announce(webhookId: string, url: string): Promise<TestEvent> {
    const [id] = await this.transactor.run(async (tx) => {
      const ids = await this.outbox.append(tx, [
        { type: 'webhook.test', conversationId: null, data: { webhookId, url: traceableUrl(url) } },
      ]);
      await this.audit.record(tx, { action: 'webhook.tested', subject: webhookId });
      return ids;
    });
    return this.tests.findEvent(id ?? '');
  }
}
