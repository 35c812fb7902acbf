import { Controller, Get, Param, Post } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  EXAMPLE_LISTED_PROCESS,
  EXAMPLE_PROCESS,
  type ListedProcessView,
  type ProcessView,
  processName,
  processPageSchema,
  processSchema,
} from './process.schemas.js';
import { listedProcessView, processView } from './process.view.js';
import { ProcessControl } from './process-control.js';
import { WorkerCensus } from './worker-census.js';

const MISSING = missing('process', EXAMPLE_PROCESS.name);

@ApiTag('System')
@Controller('api/system/processes')
@RateLimit('default')
export class ProcessController {
  constructor(
    private readonly processes: ProcessControl,
    private readonly census: WorkerCensus,
  ) {}

  @Get()
  @Access('system:read')
  @Operation({
    id: 'listProcesses',
    summary: 'List the background processes',
    description:
      'How each stands in the process that answers, and in the workers, which are asked. Whether one is paused holds for ' +
      'all of them.',
    status: 200,
    answers: {
      200: {
        description: 'All of them, by name.',
        schema: processPageSchema,
        example: { data: [EXAMPLE_LISTED_PROCESS], nextCursor: null },
      },
    },
  })
  async list(): Promise<Page<ListedProcessView>> {
    const [listed, workers] = await Promise.all([this.processes.list(), this.census.workers()]);
    return { data: listed.map((process) => listedProcessView(process, workers)), nextCursor: null };
  }

  @Post(':name/pause')
  @Access('system:manage')
  @Operation({
    id: 'pauseProcess',
    summary: 'Pause a background process',
    description: 'What runs comes to its end. Other processes follow within `PROCESS_CONTROL_INTERVAL`.',
    status: 200,
    answers: {
      200: {
        description: 'It begins nothing by itself any more, until it is resumed.',
        schema: processSchema,
        example: {
          ...EXAMPLE_PROCESS,
          state: 'paused',
          pausedAt: '2026-11-21T09:00:00.120Z',
          nextRunAt: null,
        },
      },
    },
    problems: MISSING,
  })
  async pause(@Param('name', { schema: processName }) name: string): Promise<ProcessView> {
    return processView(await this.processes.pause(name));
  }

  @Post(':name/resume')
  @Access('system:manage')
  @Operation({
    id: 'resumeProcess',
    summary: 'Resume a background process',
    status: 200,
    answers: {
      200: { description: 'It goes on.', schema: processSchema, example: EXAMPLE_PROCESS },
    },
    problems: MISSING,
  })
  async resume(@Param('name', { schema: processName }) name: string): Promise<ProcessView> {
    return processView(await this.processes.resume(name));
  }

  @Post(':name/run')
  @Access('system:manage')
  @Operation({
    id: 'runProcess',
    summary: 'Run a background process now',
    description:
      'Even one that somebody has paused. Answered when the run has ended; where the process that answers has no role ' +
      '`worker`, the workers run it within `PROCESS_CONTROL_INTERVAL`. In maintenance it is refused with `maintenance`, ' +
      'but for what goes on then: `alert-notices`, `backups` and `monitoring`.',
    status: 200,
    answers: {
      200: { description: 'How it stands after the run.', schema: processSchema, example: EXAMPLE_PROCESS },
    },
    problems: MISSING,
  })
  async run(@Param('name', { schema: processName }) name: string): Promise<ProcessView> {
    return processView(await this.processes.run(name));
  }
}
