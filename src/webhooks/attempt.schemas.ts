import { z } from 'zod';
import { ERROR_CLASSES } from './sending/attempt-result.js';

export const attemptSchema = z
  .object({
    number: z.int().min(1).describe('1 for the first attempt of the delivery'),
    startedAt: z.iso.datetime().describe('when the request was begun'),
    durationMs: z.int().describe('how long it took, to the end of the answer'),
    address: z
      .string()
      .nullable()
      .describe('the IP address that was connected to; null: there was no connection'),
    requestHeaders: z
      .record(z.string(), z.string())
      .describe('what was sent with it, in this order; secrets are masked'),
    status: z.int().nullable().describe('the status of the answer; null: there was none'),
    responseHeaders: z
      .record(z.string(), z.union([z.string(), z.array(z.string())]))
      .nullable()
      .describe('the headers of the answer; null: there was none'),
    bodyExcerpt: z
      .string()
      .nullable()
      .describe('the beginning of the answer (WEBHOOK_EXCERPT_LENGTH); null: there was none'),
    errorClass: z.enum(ERROR_CLASSES).nullable().describe('why it was no success; null: it was one'),
    error: z.string().nullable().describe('the same in a sentence'),
  })
  .meta({ id: 'Attempt' });

export type AttemptView = z.infer<typeof attemptSchema>;

export const EXAMPLE_ATTEMPT: AttemptView = {
  number: 1,
  startedAt: '2026-11-21T09:00:00.300Z',
  durationMs: 42,
  address: '203.0.113.7',
  requestHeaders: {
    'content-type': 'application/json',
    'webhook-id': '019aa5c6-7b43-7e20-9b1c-3f4a5b6c7d8e',
    'webhook-timestamp': '1795251600',
    'webhook-signature': 'v1,***',
  },
  status: 200,
  responseHeaders: { 'content-type': 'text/plain' },
  bodyExcerpt: 'ok',
  errorClass: null,
  error: null,
};
