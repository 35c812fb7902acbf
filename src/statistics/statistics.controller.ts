import { Controller, Get, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { Clock } from '../clock/clock.js';
import { invalidInput } from '../errors/domain-error.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  EXAMPLE_STATISTICS,
  endOfHour,
  hourOf,
  LONGEST,
  type StatisticsQuery,
  type StatisticsView,
  statisticsQuerySchema,
  statisticsSchema,
} from './statistics.schemas.js';
import { statisticsView } from './statistics.view.js';
import { StatisticsCache } from './statistics-cache.js';

const DAY = 24 * 60 * 60 * 1_000;

@ApiTag('System')
@Controller('api/system/stats')
@RateLimit('default')
@Access('system:read')
export class StatisticsController {
  constructor(
    private readonly statistics: StatisticsCache,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Operation({
    id: 'getStatistics',
    summary: 'Read how much there was of everything, in one answer',
    description:
      'By whole hours of UTC. What is older than `STATISTICS_HOURS_KEPT` is counted by days, each by where it begins. ' +
      'Events are counted every `STATISTICS_INTERVAL`; `countedUntil` says how far that is.',
    status: 200,
    answers: {
      200: {
        description: 'What was counted, and what stands open now.',
        schema: statisticsSchema,
        example: EXAMPLE_STATISTICS,
      },
    },
  })
  async read(@Query({ schema: statisticsQuerySchema }) query: StatisticsQuery): Promise<StatisticsView> {
    const until = new Date(query.until ? endOfHour(Date.parse(query.until)) : this.presentEnd(query.since));
    const since = new Date(query.since ? hourOf(Date.parse(query.since)) : until.getTime() - DAY);
    // Also where it is left out until when.
    if (until.getTime() - since.getTime() > LONGEST) {
      throw invalidInput([{ path: 'since', message: 'must be at most 367 days before until' }]);
    }
    const { amounts, standing } = await this.statistics.read(since, until);
    return statisticsView(since, until, amounts, standing);
  }

  /** Of the present hour, also where it has just begun; not before the beginning that somebody asks for. */
  private presentEnd(since: string | undefined): number {
    const beginning = since === undefined ? 0 : Date.parse(since);
    return endOfHour(Math.max(this.clock.now(), beginning) + 1);
  }
}
