import { z } from 'zod';
import { pageOf, pageQuery } from '../http/pagination.js';
import { subscribedTypesSchema } from './subscribed-types.js';

const timeSchema = z.iso.datetime({ offset: true });

export const createReplaySchema = z
  .strictObject({
    since: timeSchema.describe('events from then on: with a zone, not in the future'),
    until: timeSchema
      .optional()
      .describe('events before then: after `since`, not in the future; now, where it is left out'),
    eventTypes: subscribedTypesSchema
      .nullable()
      .optional()
      .describe('only those of these types; null: all that the webhook is told of'),
    onlyFailed: z
      .boolean()
      .optional()
      .describe('only those whose deliveries failed or are dead; false, where it is left out'),
  })
  .meta({
    id: 'CreateReplay',
    example: { since: '2026-11-20T09:00:00Z', until: '2026-11-20T12:00:00Z', onlyFailed: true },
  });

export type CreateReplay = z.infer<typeof createReplaySchema>;

export const replaySchema = z
  .object({
    id: z.uuid(),
    webhookId: z.uuid().describe('the endpoint that is told once more'),
    status: z.enum(['running', 'finished']).describe('finished: all events of the range were looked at'),
    since: z.iso.datetime().describe('events from then on'),
    until: z.iso.datetime().describe('events before then'),
    eventTypes: z
      .array(z.string())
      .nullable()
      .describe('only those of these types; null: all that the webhook is told of'),
    onlyFailed: z.boolean().describe('only those whose deliveries failed or are dead'),
    replayed: z.int().describe('how many deliveries it made, or made pending again'),
    progress: z.number().min(0).max(1).describe('how much of the time was looked at'),
    createdAt: z.iso.datetime().describe('when it was asked for'),
    finishedAt: z.iso.datetime().nullable().describe('when it came to its end; null: it is running'),
  })
  .meta({ id: 'Replay' });

export type ReplayView = z.infer<typeof replaySchema>;

export const replayPageSchema = pageOf(replaySchema, 'ReplayPage');

export const listReplaysSchema = z.strictObject(pageQuery);

export type ListReplays = z.infer<typeof listReplaysSchema>;

export const EXAMPLE_REPLAY: ReplayView = {
  id: '019aa5c6-7b47-7a41-b5d6-7e8f9a0b1c2d',
  webhookId: '019aa5c6-7b44-7d10-8e2f-4a5b6c7d8e9f',
  status: 'running',
  since: '2026-11-20T09:00:00.000Z',
  until: '2026-11-20T12:00:00.000Z',
  eventTypes: null,
  onlyFailed: true,
  replayed: 1500,
  progress: 0.4,
  createdAt: '2026-11-21T09:00:00.000Z',
  finishedAt: null,
};
