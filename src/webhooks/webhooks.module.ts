import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { DeletedWebhookRepository } from './deleted-webhook.repository.js';
import { DeletedWebhooks } from './deleted-webhooks.js';
import { DeliveryController } from './delivery.controller.js';
import { DeliveryRepository } from './delivery.repository.js';
import { DeliveryService } from './delivery.service.js';
import { DeliveryBacklogs } from './delivery-backlog.js';
import { AttemptRecorder } from './dispatch/attempt-recorder.js';
import { DeliveryAttempts } from './dispatch/delivery-attempts.js';
import { DeliveryQueue } from './dispatch/delivery-queue.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { FanOut } from './dispatch/fan-out.js';
import { FanOutRepository } from './dispatch/fan-out.repository.js';
import { GivenUpDeliveries } from './given-up-deliveries.js';
import { MissedEvents } from './missed-events.js';
import { OldDeliveries } from './old-deliveries.js';
import { OldReplays } from './old-replays.js';
import { ReplayController } from './replay.controller.js';
import { ReplayRepository } from './replay.repository.js';
import { ReplayService } from './replay.service.js';
import { SecretSealing } from './secret-sealing.js';
import { NameResolver, SystemNameResolver } from './sending/name-resolver.js';
import { WebhookSender } from './sending/webhook-sender.js';
import { WebhookController } from './webhook.controller.js';
import { WebhookRepository } from './webhook.repository.js';
import { WebhookService } from './webhook.service.js';
import { WebhookChanges } from './webhook-changes.js';
import { WebhookCleanup } from './webhook-cleanup.js';
import { WebhookDeletion } from './webhook-deletion.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookDisabling } from './webhook-disabling.js';
import { WebhookReplays } from './webhook-replays.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookTargets } from './webhook-targets.js';
import { WebhookTestRepository } from './webhook-test.repository.js';
import { WebhookTestService } from './webhook-test.service.js';
import { WebhookTestEvents } from './webhook-test-events.js';

/** Tells other systems what happened, by signed HTTP requests: endpoints, deliveries, attempts. */
@Module({
  imports: [EventsModule],
  controllers: [WebhookController, DeliveryController, ReplayController],
  providers: [
    WebhookService,
    WebhookRepository,
    WebhookSecrets,
    WebhookDeliveries,
    WebhookDeletion,
    WebhookCleanup,
    DeletedWebhooks,
    DeletedWebhookRepository,
    GivenUpDeliveries,
    MissedEvents,
    SecretSealing,
    WebhookTargets,
    WebhookDisabling,
    WebhookChanges,
    WebhookTestService,
    WebhookTestEvents,
    WebhookTestRepository,
    WebhookSender,
    { provide: NameResolver, useClass: SystemNameResolver },
    DeliveryService,
    DeliveryRepository,
    OldDeliveries,
    ReplayService,
    ReplayRepository,
    WebhookReplays,
    OldReplays,
    DeliveryQueue,
    DeliveryAttempts,
    AttemptRecorder,
    Dispatcher,
    FanOut,
    FanOutRepository,
    DeliveryBacklogs,
  ],
  exports: [DeliveryBacklogs],
})
export class WebhooksModule {}
