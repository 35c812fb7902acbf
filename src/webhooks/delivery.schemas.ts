import { z } from 'zod';
import { EXAMPLE_EVENT, eventSchema } from '../events/event.schemas.js';
import { pageOf, pageQuery } from '../http/pagination.js';
import { attemptSchema, EXAMPLE_ATTEMPT } from './attempt.schemas.js';
import { DELIVERY_OUTCOMES } from './delivery.entity.js';
import { ERROR_CLASSES } from './sending/attempt-result.js';

/** Most attempts that are shown with their delivery: the newest. */
export const ATTEMPTS_SHOWN = 200;

const statusSchema = z
  .enum(['pending', ...DELIVERY_OUTCOMES])
  .describe(
    'pending: it waits for an attempt, the first or the next; delivered: the endpoint took it; failed: the endpoint ' +
      'answered that it never will; dead: the retry schedule is used up, or the endpoint stayed disabled for ' +
      '`WEBHOOK_DISABLED_RETENTION`',
  )
  .meta({ id: 'DeliveryStatus' });

export type DeliveryStatus = z.infer<typeof statusSchema>;

const lastAttemptSchema = z
  .object({
    startedAt: z.iso.datetime().describe('when the request was begun'),
    status: z.int().nullable().describe('the status of the answer; null: there was none'),
    errorClass: z.enum(ERROR_CLASSES).nullable().describe('why it was no success; null: it was one'),
    error: z.string().nullable().describe('the same in a sentence'),
  })
  .meta({ id: 'LastAttempt' });

export type LastAttemptView = z.infer<typeof lastAttemptSchema>;

export const deliverySchema = z
  .object({
    id: z.uuid(),
    webhookId: z.uuid().describe('the endpoint that it goes to'),
    eventId: z.uuid().describe('the event that it tells of; `webhook-id` of every request'),
    eventType: z.string().describe('what kind of thing happened'),
    conversationId: z.uuid().nullable().describe('the conversation that the event is about'),
    status: statusSchema,
    attemptCount: z.int().describe('how many attempts there were, of all rounds of the retry schedule'),
    nextAttemptAt: z.iso
      .datetime()
      .nullable()
      .describe('when the next attempt is due, unless the endpoint has a pause; null: none is planned'),
    heldBack: z
      .boolean()
      .describe('whether an earlier event of its conversation comes first, as the endpoint wants it'),
    createdAt: z.iso.datetime().describe('when the event was made a delivery of'),
    finishedAt: z.iso.datetime().nullable().describe('since when it is over; null: it is pending'),
    lastAttempt: lastAttemptSchema.nullable().describe('what came of the last attempt; null: there was none'),
  })
  .meta({ id: 'Delivery' });

export type DeliveryView = z.infer<typeof deliverySchema>;

export const deliveryDetailsSchema = deliverySchema
  .extend({
    attempts: z
      .array(attemptSchema)
      .describe(`every request that was sent, the oldest first; of more than ${ATTEMPTS_SHOWN} the newest`),
    event: eventSchema.describe('what it tells'),
    body: z.string().describe('what is sent, the same on every attempt'),
  })
  .meta({ id: 'DeliveryDetails' });

export type DeliveryDetailsView = z.infer<typeof deliveryDetailsSchema>;

export const deliveryPageSchema = pageOf(deliverySchema, 'DeliveryPage');

export const listDeliveriesSchema = z.strictObject({
  ...pageQuery,
  status: statusSchema.optional().describe('only those with this status').meta({ example: 'dead' }),
});

export type ListDeliveries = z.infer<typeof listDeliveriesSchema>;

export const EXAMPLE_DELIVERY: DeliveryView = {
  id: '019aa5c6-7b45-7f20-9a3b-5c6d7e8f9a0b',
  webhookId: '019aa5c6-7b44-7d10-8e2f-4a5b6c7d8e9f',
  eventId: EXAMPLE_EVENT.id,
  eventType: EXAMPLE_EVENT.type,
  conversationId: EXAMPLE_EVENT.conversationId,
  status: 'delivered',
  attemptCount: 1,
  nextAttemptAt: null,
  heldBack: false,
  createdAt: '2026-11-21T09:00:00.125Z',
  finishedAt: '2026-11-21T09:00:00.342Z',
  lastAttempt: {
    startedAt: EXAMPLE_ATTEMPT.startedAt,
    status: EXAMPLE_ATTEMPT.status,
    errorClass: EXAMPLE_ATTEMPT.errorClass,
    error: EXAMPLE_ATTEMPT.error,
  },
};

export const EXAMPLE_DELIVERY_DETAILS: DeliveryDetailsView = {
  ...EXAMPLE_DELIVERY,
  attempts: [EXAMPLE_ATTEMPT],
  event: EXAMPLE_EVENT,
  body: JSON.stringify({
    type: EXAMPLE_EVENT.type,
    timestamp: EXAMPLE_EVENT.timestamp,
    data: EXAMPLE_EVENT.data,
  }),
};
