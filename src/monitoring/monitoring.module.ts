import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { HealthModule } from '../health/health.module.js';
import { AlertController } from './alerts/alert.controller.js';
import { AlertRepository } from './alerts/alert.repository.js';
import { AlertList } from './alerts/alert-list.js';
import { AlertNotices } from './alerts/alert-notices.js';
import { Alerts } from './alerts/alerts.js';
import { Channels } from './alerts/channels.js';
import { NoticeRepository } from './alerts/notice.repository.js';
import { OldAlerts } from './alerts/old-alerts.js';
import { Monitor } from './monitor.js';
import { MonitorJournal } from './monitor-journal.js';
import { StoredMonitorSettings } from './monitor-settings.js';
import { MonitoringController } from './monitoring.controller.js';
import { MonitoringService } from './monitoring.service.js';
import { MonitoringInstance } from './monitoring-instance.js';
import { OldSamples } from './old-samples.js';
import { SampleRepository } from './sample.repository.js';
import { Sampler } from './sampler.js';

/** Watches the parts of Otklik, keeps a history, and raises alerts. */
@Module({
  imports: [EventsModule, HealthModule],
  controllers: [MonitoringController, AlertController],
  providers: [
    MonitoringInstance,
    StoredMonitorSettings,
    Sampler,
    SampleRepository,
    Monitor,
    MonitorJournal,
    OldSamples,
    MonitoringService,
    Alerts,
    AlertRepository,
    AlertList,
    OldAlerts,
    AlertNotices,
    NoticeRepository,
    Channels,
  ],
})
export class MonitoringModule {}
