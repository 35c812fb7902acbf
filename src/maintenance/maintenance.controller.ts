import { Body, Controller, Get, Post } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import type { Stay } from './maintenance.repository.js';
import {
  type ChangeMaintenance,
  changeMaintenanceSchema,
  EXAMPLE_MAINTENANCE,
  EXAMPLE_NO_MAINTENANCE,
  type MaintenanceView,
  maintenanceSchema,
} from './maintenance.schemas.js';
import { MaintenanceMode } from './maintenance-mode.js';

/** What people are told who did not say why. */
const NO_REASON = 'An administrator works on this installation.';

@ApiTag('System')
@Controller('api/system/maintenance')
@RateLimit('default')
export class MaintenanceController {
  constructor(private readonly maintenance: MaintenanceMode) {}

  @Get()
  @Access('system:read')
  @Operation({
    id: 'getMaintenance',
    summary: 'Whether it is maintenance',
    status: 200,
    answers: {
      200: {
        description: 'As it is now.',
        schema: maintenanceSchema,
        example: EXAMPLE_NO_MAINTENANCE,
      },
    },
  })
  async read(): Promise<MaintenanceView> {
    return view(await this.maintenance.look());
  }

  @Post()
  @Access('system:manage')
  @Operation({
    id: 'changeMaintenance',
    summary: 'Enter maintenance, or leave it',
    description:
      'In maintenance, what would change data is answered 503 with the code `maintenance`, and background processes ' +
      'finish what they do and pause. Reading, `/api/system`, `/api/api-keys`, `/health` and `/metrics` go on. It holds ' +
      'for all processes as soon as they hear of it, at the latest after MAINTENANCE_CHECK_INTERVAL, and across ' +
      'restarts. Entering it once more gives it another reason.',
    status: 200,
    answers: {
      200: { description: 'As it is now.', schema: maintenanceSchema, example: EXAMPLE_MAINTENANCE },
    },
    problems: BODY_PROBLEMS,
  })
  async change(
    @Body({ schema: changeMaintenanceSchema }) { enabled, reason = NO_REASON }: ChangeMaintenance,
  ): Promise<MaintenanceView> {
    return view(await (enabled ? this.maintenance.enter(reason) : this.maintenance.leave()));
  }
}

function view(stay: Stay | undefined): MaintenanceView {
  return {
    enabled: stay !== undefined,
    reason: stay?.reason ?? null,
    since: stay?.enteredAt.toISOString() ?? null,
    by: stay?.enteredBy ?? null,
  };
}
