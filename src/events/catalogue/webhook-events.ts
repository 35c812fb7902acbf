import { z } from 'zod';
import { EXAMPLE, event, time } from './event-definition.js';

export const WEBHOOK_EVENTS = {
  'webhook.disabled': event({
    description: 'Otklik has disabled an endpoint; it takes no more deliveries until somebody enables it.',
    version: 1,
    schema: z.strictObject({
      webhookId: z.uuid().describe('the endpoint'),
      url: z.string().describe('where it is'),
      reason: z
        .enum(['gone', 'failing'])
        .describe('gone: it answered 410; failing: nothing reached it for days'),
      disabledAt: time().describe('since when it gets nothing'),
    }),
    example: {
      webhookId: EXAMPLE.webhookId,
      url: 'https://shop.example/otklik',
      reason: 'failing',
      disabledAt: '2026-11-26T09:00:00.000Z',
    },
  }),
  'webhook.test': event({
    description: 'Somebody tries an endpoint out. It goes to that endpoint alone, whatever it subscribed to.',
    version: 1,
    schema: z.strictObject({
      webhookId: z.uuid().describe('the endpoint'),
      url: z.string().describe('where it is'),
    }),
    example: { webhookId: EXAMPLE.webhookId, url: 'https://shop.example/otklik' },
  }),
};
