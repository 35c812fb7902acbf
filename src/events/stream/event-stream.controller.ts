import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Access } from '../../auth/access.js';
import { invalidInput } from '../../errors/domain-error.js';
import { ApiTag, RequestHeader } from '../../http/api-documentation.js';
import { Operation } from '../../http/api-operation.js';
import { RateLimit } from '../../http/rate-limits/rate-limit.guard.js';
import { EXAMPLE_EVENT, type StreamEvents, streamEventsSchema } from '../event.schemas.js';
import { EventStreams, type ResumeAfter } from './event-streams.js';

const EXAMPLE_STREAM = `retry: 1000

id: ${EXAMPLE_EVENT.id}
event: ${EXAMPLE_EVENT.type}
data: ${JSON.stringify(EXAMPLE_EVENT)}

`;

@ApiTag('Events')
@Controller('api/events/stream')
@RateLimit('messages')
@Access('messages:read')
export class EventStreamController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @RequestHeader({
    name: 'Last-Event-ID',
    description: 'the id of the last event that was read: goes on behind it, without a gap',
    required: false,
    schema: { type: 'string', format: 'uuid', examples: [EXAMPLE_EVENT.id] },
  })
  @Operation({
    id: 'streamEvents',
    summary: 'Follow the events of the outbox',
    description:
      'Server-sent events without end, in the order in which they are told: `id` is the id of the event, `event` its ' +
      'type, `data` the same JSON as in the list. Without `Last-Event-ID` it begins with what happens from now on.',
    status: 200,
    answers: {
      200: {
        description: 'Events as they happen, and a comment now and then where nothing does.',
        mediaType: 'text/event-stream',
        example: EXAMPLE_STREAM,
      },
    },
    problems: {
      503: {
        when: 'There are too many readers (EVENT_STREAMS_MAX), or the database cannot be reached, or this process is shutting down.',
        code: 'too_many_streams',
        detail:
          '500 streams are open in this process (EVENT_STREAMS_MAX). Try again, or read GET /api/events.',
      },
    },
  })
  async follow(
    @Query({ schema: streamEventsSchema }) { lastEventId, ...filter }: StreamEvents,
    @Headers('last-event-id') header: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.streams.open(filter, resumeAfter(header, lastEventId), reply.raw);
    // Proxies would gather what must go on at once.
    void reply
      .headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
      .send(stream);
  }
}

/** A browser that connects anew sends the header, to the address that it had from the beginning. */
function resumeAfter(header: string | undefined, query: string | undefined): ResumeAfter | undefined {
  if (!header) return query === undefined ? undefined : { id: query, path: 'lastEventId' };
  if (z.uuid().safeParse(header).success) return { id: header, path: 'Last-Event-ID' };
  throw invalidInput([{ path: 'Last-Event-ID', message: 'must be the id of an event' }]);
}
