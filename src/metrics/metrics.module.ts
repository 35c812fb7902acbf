import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { SelfCheckModule } from '../self-check/self-check.module.js';
import { CacheMetrics } from './cache-metrics.js';
import { DatabaseMetrics } from './database-metrics.js';
import { DiskMetrics } from './disk-metrics.js';
import { EventMetrics } from './event-metrics.js';
import { IngestMetrics } from './ingest-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { ProcessMetrics } from './process-metrics.js';
import { QueueMetrics } from './queue-metrics.js';
import { QueueReader } from './queue-reader.js';
import { RedisMetrics } from './redis-metrics.js';
import { ReminderMetrics } from './reminder-metrics.js';
import { ReplicaMetrics } from './replica-metrics.js';
import { RequestMetrics } from './request-metrics.js';

/** What can be measured from outside: Prometheus reads it. */
@Module({
  imports: [MessagesModule, SelfCheckModule, HealthModule],
  controllers: [MetricsController],
  providers: [
    Metrics,
    RequestMetrics,
    DatabaseMetrics,
    DiskMetrics,
    IngestMetrics,
    EventMetrics,
    CacheMetrics,
    RedisMetrics,
    ReplicaMetrics,
    ReminderMetrics,
    ProcessMetrics,
    QueueMetrics,
    QueueReader,
  ],
  exports: [Metrics, RequestMetrics],
})
export class MetricsModule {}
