import { z } from 'zod';
import { EXAMPLE, event, time } from './event-definition.js';

/** Whoever reads events may not know what the path or the query of another's endpoint opens. */
const url = () =>
  z
    .string()
    .describe('where it is: its host, and instead of path and query eight digits that change with the URL');

const EXAMPLE_URL = 'https://shop.example/***#8c0e4d21';

export const WEBHOOK_EVENTS = {
  'webhook.disabled': event({
    description: 'Otklik has disabled an endpoint; it takes no more deliveries until somebody enables it.',
    version: 1,
    schema: z.strictObject({
      webhookId: z.uuid().describe('the endpoint'),
      url: url(),
      reason: z
        .enum(['gone', 'failing'])
        .describe('gone: it answered 410; failing: nothing reached it for days'),
      disabledAt: time().describe('since when it gets nothing'),
    }),
    example: {
      webhookId: EXAMPLE.webhookId,
      url: EXAMPLE_URL,
      reason: 'failing',
      disabledAt: '2026-11-26T09:00:00.000Z',
    },
  }),
  'webhook.test': event({
    description: 'Somebody tries an endpoint out. It goes to that endpoint alone, whatever it subscribed to.',
    version: 1,
    schema: z.strictObject({
      webhookId: z.uuid().describe('the endpoint'),
      url: url(),
    }),
    example: { webhookId: EXAMPLE.webhookId, url: EXAMPLE_URL },
  }),
};
