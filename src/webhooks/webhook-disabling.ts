import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { Outbox } from '../events/outbox.js';
import { LOG, type Log } from '../logging/log.js';
import { MissedEvents } from './missed-events.js';
import { traceableUrl } from './traceable-url.js';
import type { DisabledReason } from './webhook.entity.js';
import { WebhookRepository } from './webhook.repository.js';

/** Disables endpoints that take no more deliveries, and tells the others. */
@Injectable()
export class WebhookDisabling {
  constructor(
    private readonly transactor: Transactor,
    private readonly webhooks: WebhookRepository,
    private readonly missed: MissedEvents,
    private readonly outbox: Outbox,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** @returns false: it is disabled already, or gone */
  async disable(webhookId: string, reason: Exclude<DisabledReason, 'manual'>): Promise<boolean> {
    const at = new Date(this.clock.now());
    const url = await this.transactor.run(async (tx) => {
      const missedAfter = await this.missed.hold(tx);
      const url = await this.webhooks.disable(tx, webhookId, reason, at, missedAfter);
      if (url === undefined) return undefined;
      await this.outbox.append(tx, [
        {
          type: 'webhook.disabled',
          conversationId: null,
          data: { webhookId, url: traceableUrl(url), reason, disabledAt: at.toISOString() },
        },
      ]);
      await this.audit.record(tx, {
        action: 'webhook.disabled',
        subject: webhookId,
        before: { enabled: true },
        after: { enabled: false, reason },
        automatic: true,
      });
      return url;
    });
    if (url === undefined) return false;
    const why = reason === 'gone' ? 'it answered 410' : 'it has failed for too long';
    this.log.warn({ webhookId, url: traceableUrl(url), reason }, `A webhook was disabled: ${why}`);
    return true;
  }
}
