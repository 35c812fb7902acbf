import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';
import { WebhookRepository } from './webhook.repository.js';

/** The deliveries of an endpoint, of which there may be millions: what happens to all of them goes a batch at a time. */
@Injectable()
export class WebhookDeliveries {
  private readonly batchSize: number;

  constructor(
    private readonly transactor: Transactor,
    private readonly webhooks: WebhookRepository,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.batchSize = config.cleanup.batchSize;
  }

  /**
   * Lets deliveries go that wait for an earlier one of their conversation, unless the endpoint wants that order again.
   * Where this ends half-way, the others still go one after the other: the first of each conversation is left as it is.
   */
  async release(webhookId: string): Promise<void> {
    for (let last: string | undefined = '0'; last !== undefined; ) {
      const after: string = last;
      last = await this.transactor.run(async (tx) => {
        const webhook = await this.webhooks.hold(tx, webhookId);
        if (!webhook || webhook.ordered) return undefined;
        const at = new Date(this.clock.now());
        return this.webhooks.releaseHeldBack(tx, webhookId, after, this.batchSize, at);
      });
    }
  }
}
