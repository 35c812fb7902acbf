import { type DynamicModule, Module } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BackupsModule } from './backups/backups.module.js';
import { CacheModule } from './cache/cache.module.js';
import { ClientsModule } from './clients/clients.module.js';
import type { Clock } from './clock/clock.js';
import { ClockModule } from './clock/clock.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EscalationsModule } from './escalations/escalations.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import type { Log } from './logging/log.js';
import { LoggingModule } from './logging/logging.module.js';
import { MaintenanceModule } from './maintenance/maintenance.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { MonitoringModule } from './monitoring/monitoring.module.js';
import { ObservationsModule } from './observations/observations.module.js';
import { ProcessesModule } from './processes/processes.module.js';
import { RedisModule } from './redis/redis.module.js';
import { RemindersModule } from './reminders/reminders.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { ROUTINES } from './routines.js';
import { SelfCheckModule } from './self-check/self-check.module.js';
import { StatisticsModule } from './statistics/statistics.module.js';
import { SystemModule } from './system/system.module.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';
import { TriageModule } from './triage/triage.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The table of contents. Order matters where it says so. */
@Module({})
export class AppModule {
  static for(config: Config, log: Log, dataSource: DataSource, clock: Clock): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.for(config),
        LoggingModule.for(log),
        DatabaseModule.for(dataSource),
        ClockModule.for(clock),
        ObservationsModule,
        AuditModule,
        RedisModule,
        CacheModule,
        // Guards run in the order of their modules: who is calling is known before requests are counted.
        AuthModule,
        MaintenanceModule,
        HttpModule,
        ProcessesModule,
        MessagesModule,
        ConversationsModule,
        ClientsModule,
        TriageModule,
        RemindersModule,
        EscalationsModule,
        EventsModule,
        WebhooksModule,
        SelfCheckModule,
        StatisticsModule,
        RetentionModule,
        BackupsModule.for(ROUTINES),
        HealthModule,
        MonitoringModule,
        SystemModule,
        MetricsModule,
        TelemetryModule,
      ],
    };
  }
}
