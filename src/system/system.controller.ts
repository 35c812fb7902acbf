import { Controller, Get } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { EXAMPLE_SYSTEM_INFO, type SystemInfo, systemInfoSchema } from './system.schemas.js';
import { SystemInformation } from './system-information.js';

@ApiTag('System')
@Controller('api/system/info')
@RateLimit('default')
@Access('system:read')
export class SystemController {
  constructor(private readonly system: SystemInformation) {}

  @Get()
  @Operation({
    id: 'getSystemInfo',
    summary: 'What runs here, and on what',
    status: 200,
    answers: {
      200: {
        description: 'Of the process that answers, and of the database that all share.',
        schema: systemInfoSchema,
        example: EXAMPLE_SYSTEM_INFO,
      },
    },
  })
  read(): Promise<SystemInfo> {
    return this.system.read();
  }
}
