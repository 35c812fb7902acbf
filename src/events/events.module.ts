import { Module } from '@nestjs/common';
import { EventController } from './event.controller.js';
import { EventRepository } from './event.repository.js';
import { Outbox } from './outbox.js';

/** What happened: the outbox, and reading it. */
@Module({
  controllers: [EventController],
  providers: [EventRepository, Outbox],
  exports: [Outbox],
})
export class EventsModule {}
