import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { DeletedWebhookRepository } from './deleted-webhook.repository.js';
import { WebhookChanges } from './webhook-changes.js';
import { WebhookCleanup } from './webhook-cleanup.js';

/** Deletes endpoints. */
@Injectable()
export class WebhookDeletion {
  constructor(
    private readonly transactor: Transactor,
    private readonly changes: WebhookChanges,
    private readonly deleted: DeletedWebhookRepository,
    private readonly cleanup: WebhookCleanup,
    private readonly clock: Clock,
  ) {}

  /** From the commit on, an endpoint is gone with its deliveries; they are cleared away behind it. */
  async delete(id: string): Promise<void> {
    await this.transactor.run(async (tx) => {
      const before = await this.changes.hold(tx, id);
      await this.deleted.mark(tx, id, new Date(this.clock.now()));
      await this.changes.record(tx, 'webhook.deleted', id, { before });
    });
    this.cleanup.wake();
  }
}
