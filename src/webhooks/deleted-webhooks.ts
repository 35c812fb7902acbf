import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';
import { DeletedWebhookRepository } from './deleted-webhook.repository.js';

/** Before every id. */
const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * Clears away what is left of deleted endpoints: there may be millions of deliveries, so they go a batch at a time. The
 * endpoint's row goes last, so whoever comes after a crash finds what is left to do.
 */
@Injectable()
export class DeletedWebhooks {
  private readonly batchSize: number;

  constructor(
    private readonly transactor: Transactor,
    private readonly webhooks: DeletedWebhookRepository,
    @Inject(CONFIG) config: Config,
  ) {
    this.batchSize = config.cleanup.batchSize;
  }

  /** Processes that do this at the same time pass over each other's rows. @returns how many deliveries went */
  async clear(stopping?: AbortSignal): Promise<number> {
    let cleared = 0;
    for (const id of await this.webhooks.ids()) {
      cleared += await this.clearOne(id, stopping);
      if (stopping?.aborted) break;
    }
    return cleared;
  }

  private async clearOne(id: string, stopping: AbortSignal | undefined): Promise<number> {
    let cleared = 0;
    for (let behind = NIL; ; ) {
      const { deleted, last } = await this.transactor.run((tx) =>
        this.webhooks.deleteDeliveries(tx, id, behind, this.batchSize),
      );
      cleared += deleted;
      if (last === null) break;
      if (stopping?.aborted) return cleared;
      behind = last;
    }
    await this.transactor.run((tx) => this.webhooks.delete(tx, id));
    return cleared;
  }
}
