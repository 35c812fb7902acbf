import { z } from 'zod';
import { pageOf, pageQuery, wholeListOf } from '../http/pagination.js';
import { EVENT_CATALOGUE } from './event-catalogue.js';
import { eventFilterQuery } from './event-filter.js';

export const eventSchema = z
  .object({
    id: z.uuid(),
    type: z.string().describe('what kind of thing happened').meta({ example: 'message.received' }),
    timestamp: z.iso.datetime().describe('when it happened'),
    conversationId: z.uuid().nullable().describe('the conversation that it is about'),
    traceId: z.string().nullable().describe('the trace of the request that caused it'),
    data: z.record(z.string(), z.unknown()).describe('what happened, in the form of its type'),
  })
  .meta({ id: 'Event' });

export type EventView = z.infer<typeof eventSchema>;

export const eventPageSchema = pageOf(eventSchema, 'EventPage');

export const listEventsSchema = z.strictObject({ ...pageQuery, ...eventFilterQuery });

export type ListEvents = z.infer<typeof listEventsSchema>;

export const EXAMPLE_EVENT: EventView = {
  id: '019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e',
  type: 'message.triaged',
  timestamp: '2026-11-21T09:00:00.120Z',
  conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  data: EVENT_CATALOGUE['message.triaged'].example,
};

export const streamEventsSchema = z.strictObject({
  ...eventFilterQuery,
  lastEventId: z
    .uuid()
    .optional()
    .describe('the same as the header `Last-Event-ID`, which wins, for callers that cannot set one')
    .meta({ example: EXAMPLE_EVENT.id }),
});

export type StreamEvents = z.infer<typeof streamEventsSchema>;

const eventTypeSchema = z
  .object({
    type: z.string().describe('the `type` of the event').meta({ example: 'message.received' }),
    description: z.string().describe('when it happens'),
    version: z.int().min(1).describe('grows when the form of `data` changes so that a reader could break'),
    schema: z.record(z.string(), z.unknown()).describe('the form of `data`, as JSON Schema 2020-12'),
    example: z.record(z.string(), z.unknown()).describe('a `data` of this type'),
  })
  .meta({ id: 'EventType' });

export type EventTypeView = z.infer<typeof eventTypeSchema>;

export const eventTypesSchema = wholeListOf(eventTypeSchema, 'EventTypes');
