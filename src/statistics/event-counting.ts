import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { EventGaps } from '../events/event-gaps.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { StatisticsRepository } from './statistics.repository.js';

const DAY = 24 * 60 * 60 * 1_000;

/**
 * Counts what happened, behind those who made it happen: it follows the events in their order, and nothing that takes
 * a message in knows of it.
 *
 * Nobody wakes it: numbers that are some seconds old will do.
 */
@Injectable()
export class EventCounting {
  private readonly settings: Config['statistics'];
  private readonly gapPatience: number;
  private readonly gaps: EventGaps;
  private decided = 0;
  private daysLookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly statistics: StatisticsRepository,
    private readonly clock: Clock,
    dataSource: DataSource,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.statistics;
    this.gapPatience = config.events.gapPatience;
    this.gaps = new EventGaps(dataSource);
    processes.register({
      name: 'statistics',
      description: 'Counts events, for the statistics.',
      interval: this.settings.interval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Counts all there is. One that finds another at it leaves it alone: that one comes to the end. */
  async run(stopping?: AbortSignal): Promise<Run> {
    await this.addUpDays(stopping);
    const { batchSize } = this.settings;
    for (let handled = 0; ; ) {
      const batch = await this.statistics.count(batchSize, this.decided);
      if (!batch) return { handled };
      handled += batch.events;
      if (batch.gap) {
        const decided = await this.gaps.decided(batch.gap.missing, batch.gap.seen);
        if (decided === undefined) return { handled, nextAt: this.clock.now() + this.gapPatience };
        this.decided = decided;
      } else if (batch.events < batchSize && batch.tallies < batchSize) {
        return { handled };
      }
      if (stopping?.aborted) return { handled };
    }
  }

  /** Once a day, for that is how often there is one more. */
  private async addUpDays(stopping: AbortSignal | undefined): Promise<void> {
    const now = this.clock.now();
    if (now < this.daysLookedAt + DAY) return;
    const before = new Date(now - this.settings.hoursKept);
    while (await this.statistics.addUpDay(before)) if (stopping?.aborted) return;
    this.daysLookedAt = now;
  }
}
