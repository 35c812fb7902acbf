import { Body, Controller, Get, Post } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { ProcessControl } from '../processes/process-control.js';
import { RETENTION, Retention } from './retention.js';
import {
  EXAMPLE_RETENTION,
  type RetentionView,
  type RunRetention,
  retentionSchema,
  runRetentionSchema,
} from './retention.schemas.js';
import { retentionView } from './retention.view.js';

@ApiTag('System')
@Controller('api/system/retention')
@RateLimit('default')
export class RetentionController {
  constructor(
    private readonly retention: Retention,
    private readonly processes: ProcessControl,
  ) {}

  @Get()
  @Access('system:read')
  @Operation({
    id: 'getRetention',
    summary: 'Read what is kept how long, and what would be deleted now',
    status: 200,
    answers: {
      200: { description: 'Each kind of data.', schema: retentionSchema, example: EXAMPLE_RETENTION },
    },
  })
  async read(): Promise<RetentionView> {
    return retentionView(await this.retention.states());
  }

  @Post('run')
  @Access('system:manage')
  @Operation({
    id: 'runRetention',
    summary: 'Delete what is older than it is kept, now',
    description:
      'Answered when the run has ended; where the process that answers has no role `worker`, the workers run it within ' +
      '`PROCESS_CONTROL_INTERVAL`. A dry run changes nothing; anything else is refused with `maintenance` while it is.',
    status: 200,
    answers: {
      200: {
        description: 'Each kind of data, after the run.',
        schema: retentionSchema,
        example: EXAMPLE_RETENTION,
      },
    },
    problems: BODY_PROBLEMS,
  })
  async run(@Body({ schema: runRetentionSchema }) { dryRun }: RunRetention): Promise<RetentionView> {
    if (!dryRun) await this.processes.run(RETENTION);
    return retentionView(await this.retention.states());
  }
}
