import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { SelfCheckModule } from '../self-check/self-check.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { BackupsHealth } from './backups-health.js';
import { DatabaseHealth } from './database-health.js';
import { DatabaseProbe } from './database-probe.js';
import { DiskHealth } from './disk-health.js';
import { Disks } from './disks.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { HealthParts } from './health-parts.js';
import { HealthReport } from './health-report.js';
import { ProcessHealth } from './process-health.js';
import { RedisHealth } from './redis-health.js';
import { ReplicaHealth } from './replica-health.js';
import { SchedulerHealth } from './scheduler-health.js';
import { SelfCheckHealth } from './self-check-health.js';
import { WebhookHealth } from './webhook-health.js';

/** Probes: how each part is. */
@Module({
  // An outage would be a line in the log for every probe; the monitor tells of it once.
  imports: [TerminusModule.forRoot({ logger: false }), SelfCheckModule, WebhooksModule],
  controllers: [HealthController],
  providers: [
    HealthService,
    HealthReport,
    HealthParts,
    DatabaseProbe,
    BackupsHealth,
    DatabaseHealth,
    DiskHealth,
    Disks,
    ProcessHealth,
    RedisHealth,
    ReplicaHealth,
    SchedulerHealth,
    SelfCheckHealth,
    WebhookHealth,
  ],
  exports: [HealthParts, DatabaseHealth, Disks],
})
export class HealthModule {}
