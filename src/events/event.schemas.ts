import { z } from 'zod';
import { pageOf, pageQuery } from '../http/pagination.js';

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

export const listEventsSchema = z.strictObject({
  ...pageQuery,
  type: z
    .string()
    .regex(/^[a-z]+\.[a-z_]+$/, 'must be an event type, such as message.received')
    .optional()
    .describe('only those of this type')
    .meta({ example: 'message.received' }),
  conversationId: z
    .uuid()
    .optional()
    .describe('only those of this conversation')
    .meta({ example: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b' }),
});

export type ListEvents = z.infer<typeof listEventsSchema>;

export const EXAMPLE_EVENT: EventView = {
  id: '019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e',
  type: 'message.triaged',
  timestamp: '2026-11-21T09:00:00.120Z',
  conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  data: {
    messageId: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
    conversationId: '019aa5c6-7b41-7a02-8c11-6b7d9e0f1a2b',
    clientId: 'shop-42',
    priority: 'urgent',
    category: 'lost_or_stolen_card',
    triage: { source: 'offline', confidence: 0.93, status: 'done' },
  },
};
