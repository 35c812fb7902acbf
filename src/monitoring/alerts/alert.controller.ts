import { Controller, Get, Query } from '@nestjs/common';
import { Access } from '../../auth/access.js';
import { ApiTag } from '../../http/api-documentation.js';
import { Operation } from '../../http/api-operation.js';
import type { Page } from '../../http/pagination.js';
import { RateLimit } from '../../http/rate-limits/rate-limit.guard.js';
import {
  type AlertView,
  alertPageSchema,
  EXAMPLE_ALERT,
  type ListAlerts,
  listAlertsSchema,
} from './alert.schemas.js';
import { AlertList } from './alert-list.js';

@ApiTag('System')
@Controller('api/system/alerts')
@RateLimit('default')
export class AlertController {
  constructor(private readonly alerts: AlertList) {}

  @Get()
  @Access('system:read')
  @Operation({
    id: 'listAlerts',
    summary: 'List alerts',
    description: 'Newest first, with whom they were told. Resolved ones are kept for `ALERT_RETENTION`.',
    status: 200,
    answers: {
      200: {
        description: 'A page of alerts.',
        schema: alertPageSchema,
        example: { data: [EXAMPLE_ALERT], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listAlertsSchema }) query: ListAlerts): Promise<Page<AlertView>> {
    return this.alerts.list(query);
  }
}
