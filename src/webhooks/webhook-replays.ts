import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { DeliveryRepository } from './delivery.repository.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { ReplayRepository } from './replay.repository.js';

/** How often replays are looked for where nobody told of them: those whose worker is gone, or whose endpoint waited. */
const INTERVAL = 60_000;

/** Before every id. */
const BEGINNING = '00000000-0000-0000-0000-000000000000';

interface Batch {
  readonly replayId: string;
  readonly replayed: number;
}

/**
 * Goes through the events of replays, a batch in a transaction at a time, each replay in its turn. How far it is, a
 * replay remembers in the same transaction, so another worker goes on exactly there.
 */
@Injectable()
export class WebhookReplays {
  private readonly batchSize: number;
  private readonly handle: ProcessHandle;

  constructor(
    private readonly replays: ReplayRepository,
    private readonly deliveries: DeliveryRepository,
    private readonly transactor: Transactor,
    private readonly dispatcher: Dispatcher,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.batchSize = config.webhooks.replayBatchSize;
    this.handle = processes.register({
      name: 'webhook-replays',
      description: 'Has events told once more, as replays ask for.',
      interval: INTERVAL,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that there is a new replay, or that one can go on. */
  wake(): void {
    this.handle.wake();
  }

  /** Does what there is to do, or a batch of it where the process is stopping. */
  async run(stopping?: AbortSignal): Promise<Run> {
    let handled = 0;
    for (let behind = BEGINNING; ; ) {
      const batch = await this.step(behind);
      if (batch) {
        handled += batch.replayed;
        if (batch.replayed > 0) this.dispatcher.wake();
        if (stopping?.aborted) return { handled };
      } else if (behind === BEGINNING) {
        return { handled };
      }
      behind = batch?.replayId ?? BEGINNING;
    }
  }

  /** One batch of the next replay that nobody else works on; undefined: there is none. */
  private step(behind: string): Promise<Batch | undefined> {
    return this.transactor.run(async (tx) => {
      const replay = await this.replays.holdNext(tx, behind);
      if (!replay) return undefined;
      const visited = await this.replays.visit(tx, replay, this.batchSize);
      const wanted = visited.filter(({ isWanted }) => isWanted).map(({ id }) => id);
      const at = new Date(this.clock.now());
      const replayed =
        wanted.length === 0 ? 0 : await this.deliveries.requeue(tx, at, replay.webhookId, wanted);
      await this.replays.advance(tx, replay.id, {
        lastEventId: visited.at(-1)?.id ?? replay.lastEventId,
        replayed,
        finishedAt: visited.length < this.batchSize ? at : null,
      });
      return { replayId: replay.id, replayed };
    });
  }
}
