import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { EventGaps } from '../../events/event-gaps.js';
import { OutboxSignal } from '../../events/outbox-signal.js';
import type { ProcessHandle, Run } from '../../processes/background-process.js';
import { BackgroundProcesses } from '../../processes/background-processes.js';
import { Dispatcher } from './dispatcher.js';
import { FanOutRepository } from './fan-out.repository.js';

/** After how long to look again where another process is at it, in milliseconds. */
const BUSY_PAUSE = 5;

/** How long new events are gathered before they are told of, in milliseconds: where workers are told over NOTIFY. */
const ANNOUNCE_PAUSE = 5;

/** The same where no endpoint is enabled, so that nobody waits for them. */
const IDLE_PAUSE = 100;

/** Makes deliveries of events as soon as they are committed: one for each endpoint that subscribed to them. */
@Injectable()
export class FanOut {
  private readonly handle: ProcessHandle;
  private readonly gaps: EventGaps;
  private readonly settings: Config['events'];
  private readonly pause: number;
  private decided = 0;
  private isIdle = false;
  private isSignalled = false;

  constructor(
    private readonly table: FanOutRepository,
    private readonly dispatcher: Dispatcher,
    private readonly clock: Clock,
    dataSource: DataSource,
    signal: OutboxSignal,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.events;
    this.gaps = new EventGaps(dataSource);
    this.pause = config.process.roles.includes('worker') ? 0 : ANNOUNCE_PAUSE;
    this.handle = processes.register({
      name: 'event-fan-out',
      description: 'Makes deliveries of events for the endpoints that subscribed to them.',
      interval: config.events.fanOutInterval,
      run: (stopping) => this.run(stopping),
    });
    signal.listen(() => this.onCommit());
  }

  /** Says that an endpoint was made or changed: somebody may wait for events now. */
  endpointsChanged(): void {
    this.handle.wake();
    this.dispatcher.wake();
  }

  private onCommit(): void {
    const pause = this.isIdle ? IDLE_PAUSE : this.pause;
    if (pause === 0) {
      this.handle.wake();
    } else if (!this.isSignalled) {
      this.isSignalled = true;
      this.clock.wakeAt(this.clock.now() + pause, () => {
        this.isSignalled = false;
        this.handle.wake();
      });
    }
  }

  private async run(stopping: AbortSignal): Promise<Run> {
    const { fanOutBatchSize, gapPatience } = this.settings;
    for (let handled = 0; ; ) {
      const now = this.clock.now();
      const batch = await this.table.next(now, fanOutBatchSize, this.decided);
      if (!batch) return { handled, nextAt: now + BUSY_PAUSE };
      handled += batch.deliveries;
      this.isIdle = batch.endpoints === 0;
      if (batch.deliveries > 0) this.dispatcher.wake();
      if (batch.gap) {
        const decided = await this.gaps.decided(batch.gap.missing, batch.gap.seen);
        if (decided === undefined) return { handled, nextAt: now + gapPatience };
        this.decided = decided;
      } else if (batch.events < fanOutBatchSize) {
        return { handled };
      }
      if (stopping.aborted) return { handled, nextAt: now };
    }
  }
}
