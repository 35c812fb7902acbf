import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  type CheckedView,
  checkedSchema,
  EXAMPLE_MONITORING,
  EXAMPLE_REPORT,
  EXAMPLE_SAMPLE,
  EXAMPLE_SINCE,
  type MonitoringView,
  monitoringSchema,
  type ServiceHealthQuery,
  type ServiceHealthView,
  type StartMonitoring,
  type SystemHealthQuery,
  type SystemHealthView,
  serviceHealthQuery,
  serviceHealthSchema,
  serviceName,
  startMonitoringSchema,
  systemHealthQuery,
  systemHealthSchema,
} from './monitoring.schemas.js';
import { MonitoringService } from './monitoring.service.js';

@ApiTag('System')
@Controller('api/system')
@RateLimit('default')
export class MonitoringController {
  constructor(private readonly monitoring: MonitoringService) {}

  @Get('health')
  @Access('system:read')
  @Operation({
    id: 'getSystemHealth',
    summary: 'Report how each part was',
    description: 'The last sample of each part, and how long answers took, from the history of the monitor.',
    status: 200,
    answers: {
      200: {
        description: 'The report.',
        schema: systemHealthSchema,
        example: { monitoring: EXAMPLE_MONITORING, since: EXAMPLE_SINCE, services: [EXAMPLE_REPORT] },
      },
    },
  })
  overview(@Query({ schema: systemHealthQuery }) { period }: SystemHealthQuery): Promise<SystemHealthView> {
    return this.monitoring.overview(period);
  }

  @Get('health/:service')
  @Access('system:read')
  @Operation({
    id: 'getServiceHealth',
    summary: 'Report how a part was, with its history',
    description: 'The samples of the period, newest first; they are kept for `MONITORING_RETENTION`.',
    status: 200,
    answers: {
      200: {
        description: 'The report, and a page of samples.',
        schema: serviceHealthSchema,
        example: { since: EXAMPLE_SINCE, report: EXAMPLE_REPORT, data: [EXAMPLE_SAMPLE], nextCursor: null },
      },
    },
    problems: missing('service', 'database'),
  })
  service(
    @Param('service', { schema: serviceName }) service: string,
    @Query({ schema: serviceHealthQuery }) query: ServiceHealthQuery,
  ): Promise<ServiceHealthView> {
    return this.monitoring.service(service, query);
  }

  @Post('health/check')
  @Access('system:manage')
  @Operation({
    id: 'checkSystemHealth',
    summary: 'Look at each part now',
    description:
      'From the process that answers. What it sees goes into the history; alerts are raised by the monitor alone.',
    status: 200,
    answers: {
      200: {
        description: 'Each part that is configured.',
        schema: checkedSchema,
        example: { services: [EXAMPLE_SAMPLE] },
      },
    },
  })
  check(): Promise<CheckedView> {
    return this.monitoring.check();
  }

  @Post('monitoring/start')
  @Access('system:manage')
  @Operation({
    id: 'startMonitoring',
    summary: 'Start the monitor, or set it',
    description:
      'For the whole installation, across restarts. What is left out stays as it was set before, or as configured.',
    status: 200,
    answers: {
      200: { description: 'It watches.', schema: monitoringSchema, example: EXAMPLE_MONITORING },
    },
    problems: BODY_PROBLEMS,
  })
  start(@Body({ schema: startMonitoringSchema }) body: StartMonitoring): Promise<MonitoringView> {
    return this.monitoring.start(body);
  }

  @Post('monitoring/stop')
  @Access('system:manage')
  @Operation({
    id: 'stopMonitoring',
    summary: 'Stop the monitor',
    description:
      'In all processes, until somebody starts it: nothing is looked at, no alert is raised, none is resolved.',
    status: 200,
    answers: {
      200: {
        description: 'It watches no longer.',
        schema: monitoringSchema,
        example: { ...EXAMPLE_MONITORING, running: false },
      },
    },
  })
  stop(): Promise<MonitoringView> {
    return this.monitoring.stop();
  }
}
