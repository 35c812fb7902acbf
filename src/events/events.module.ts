import { Module } from '@nestjs/common';
import { EventController } from './event.controller.js';
import { EventRepository } from './event.repository.js';
import { EventTypeController } from './event-type.controller.js';
import { Outbox } from './outbox.js';
import { OutboxSignal } from './outbox-signal.js';
import { EventStreamController } from './stream/event-stream.controller.js';
import { EventStreams } from './stream/event-streams.js';
import { OutboxFollower } from './stream/outbox-follower.js';

/** What happened: the outbox, and reading it. */
@Module({
  controllers: [EventController, EventStreamController, EventTypeController],
  providers: [EventRepository, EventStreams, Outbox, OutboxFollower, OutboxSignal],
  exports: [Outbox, OutboxSignal],
})
export class EventsModule {}
