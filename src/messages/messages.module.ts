import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { RemindersModule } from '../reminders/reminders.module.js';
import { TriageModule } from '../triage/triage.module.js';
import { IngestRepository } from './ingest.repository.js';
import { IngestQueue } from './ingest-queue.js';
import { MessageController } from './message.controller.js';
import { MessageRepository } from './message.repository.js';
import { MessageService } from './message.service.js';
import { MessageWriters } from './message-writers.js';
import { ReplyWatch } from './reply-watch.js';

/** Messages: taking them in once, and reading them. */
@Module({
  imports: [EventsModule, TriageModule, RemindersModule, IdempotencyModule],
  controllers: [MessageController],
  providers: [MessageService, MessageRepository, MessageWriters, IngestRepository, IngestQueue, ReplyWatch],
  exports: [IngestQueue, MessageService, MessageRepository, ReplyWatch],
})
export class MessagesModule {}
