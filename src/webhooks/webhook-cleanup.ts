import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { DeletedWebhooks } from './deleted-webhooks.js';
import { GivenUpDeliveries } from './given-up-deliveries.js';

/** Clears away what deleted endpoints left behind, and gives up what waits for disabled ones, from time to time. */
@Injectable()
export class WebhookCleanup {
  private readonly handle: ProcessHandle;

  constructor(
    private readonly deletedWebhooks: DeletedWebhooks,
    private readonly givenUp: GivenUpDeliveries,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.handle = processes.register({
      name: 'webhook-cleanup',
      description:
        'Deletes what deleted endpoints left behind; gives up what waits for endpoints that stay disabled.',
      interval: config.webhooks.cleanupInterval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that an endpoint was deleted. */
  wake(): void {
    this.handle.wake();
  }

  /** Processes that do this at the same time pass over each other's rows. */
  async run(stopping?: AbortSignal): Promise<Run> {
    const cleared = await this.deletedWebhooks.clear(stopping);
    return { handled: cleared + (await this.givenUp.giveUp(stopping)) };
  }
}
