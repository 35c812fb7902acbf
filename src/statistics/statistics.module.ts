import { Module } from '@nestjs/common';
import { EventCounting } from './event-counting.js';
import { StatisticsController } from './statistics.controller.js';
import { StatisticsRepository } from './statistics.repository.js';
import { StatisticsCache } from './statistics-cache.js';

/** How much there was of everything: counted by hours, behind the events. */
@Module({
  controllers: [StatisticsController],
  providers: [EventCounting, StatisticsCache, StatisticsRepository],
})
export class StatisticsModule {}
