import { Controller, Get, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { EventRepository } from './event.repository.js';
import {
  type EventView,
  EXAMPLE_EVENT,
  eventPageSchema,
  type ListEvents,
  listEventsSchema,
} from './event.schemas.js';

@ApiTag('Events')
@Controller('api/events')
@RateLimit('messages')
@Access('messages:read')
export class EventController {
  constructor(private readonly events: EventRepository) {}

  @Get()
  @Operation({
    id: 'listEvents',
    summary: 'List the events of the outbox',
    description: 'Newest first: everything that happened, in the order in which it is told to others.',
    status: 200,
    answers: {
      200: {
        description: 'A page of events.',
        schema: eventPageSchema,
        example: { data: [EXAMPLE_EVENT], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listEventsSchema }) query: ListEvents): Promise<Page<EventView>> {
    return this.events.list(query);
  }
}
