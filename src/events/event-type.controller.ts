import { Controller, Get } from '@nestjs/common';
import type { z } from 'zod';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import { standaloneSchema } from '../http/json-schema.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { type EventTypeView, eventTypesSchema } from './event.schemas.js';
import { EVENT_CATALOGUE, EVENT_TYPES, type EventType } from './event-catalogue.js';

/** Made when somebody asks: no start has to wait for it. */
let views: readonly EventTypeView[] | undefined;

function viewOf(type: EventType): EventTypeView {
  const { description, version, schema, example } = EVENT_CATALOGUE[type];
  return { type, description, version, schema: standaloneSchema(schema), example };
}

@ApiTag('Events')
@Controller('api/event-types')
@RateLimit('messages')
@Access('messages:read')
export class EventTypeController {
  @Get()
  @Operation({
    id: 'listEventTypes',
    summary: 'List the types of events',
    description: 'What can happen, and what is told of it: the catalogue that every event fits.',
    status: 200,
    answers: {
      200: {
        description: 'All types, with the form of their `data`.',
        schema: eventTypesSchema,
        example: { data: [viewOf('message.received')], nextCursor: null },
      },
    },
  })
  list(): z.infer<typeof eventTypesSchema> {
    views ??= EVENT_TYPES.map(viewOf);
    return { data: [...views], nextCursor: null };
  }
}
