import { Module } from '@nestjs/common';
import { SelfCheckModule } from '../self-check/self-check.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { SchedulerHealth } from './scheduler-health.js';
import { SelfCheckHealth } from './self-check-health.js';
import { WebhookHealth } from './webhook-health.js';

/** Probes. */
@Module({
  imports: [SelfCheckModule, WebhooksModule],
  controllers: [HealthController],
  providers: [HealthService, SchedulerHealth, SelfCheckHealth, WebhookHealth],
  exports: [HealthService],
})
export class HealthModule {}
