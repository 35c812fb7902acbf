import { Module } from '@nestjs/common';
import { SelfCheckModule } from '../self-check/self-check.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { SchedulerHealth } from './scheduler-health.js';
import { SelfCheckHealth } from './self-check-health.js';

/** Probes. */
@Module({
  imports: [SelfCheckModule],
  controllers: [HealthController],
  providers: [HealthService, SchedulerHealth, SelfCheckHealth],
  exports: [HealthService],
})
export class HealthModule {}
