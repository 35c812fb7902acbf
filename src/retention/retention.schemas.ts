import { z } from 'zod';
import { wholeListOf } from '../http/pagination.js';

export const retentionSchema = wholeListOf(
  z.object({
    kind: z
      .enum(['conversations', 'events'])
      .describe(
        'conversations: those that are closed, with messages, reminders, escalations and clients of whom nothing ' +
          'else is left; events: those that are told, counted and have no deliveries',
      ),
    keepForMs: z.number().nullable().describe('how long it is kept, in milliseconds; null: for ever'),
    before: z.iso.datetime().nullable().describe('what is older is deleted; null: nothing is'),
    due: z.int().min(0).describe('how many a run would delete now, counted up to 10000'),
    dueIsMore: z.boolean().describe('whether it would be more than that'),
    lastRun: z
      .object({
        finishedAt: z.iso.datetime().describe('when it ended'),
        durationMs: z.int().min(0).describe('how long it took, in milliseconds'),
        deleted: z.int().min(0).describe('how many it deleted'),
      })
      .nullable()
      .describe('the last run of any process; null: there was none'),
  }),
  'Retention',
);

export type RetentionView = z.infer<typeof retentionSchema>;

export const runRetentionSchema = z
  .strictObject({
    dryRun: z.boolean().describe('true: only say what would be deleted'),
  })
  .meta({ id: 'RunRetention', example: { dryRun: true } });

export type RunRetention = z.infer<typeof runRetentionSchema>;

export const EXAMPLE_RETENTION: RetentionView = {
  data: [
    {
      kind: 'conversations',
      keepForMs: null,
      before: null,
      due: 0,
      dueIsMore: false,
      lastRun: null,
    },
    {
      kind: 'events',
      keepForMs: 7_776_000_000,
      before: '2026-08-23T09:30:00.000Z',
      due: 1412,
      dueIsMore: false,
      lastRun: { finishedAt: '2026-11-21T09:00:00.000Z', durationMs: 214, deleted: 9120 },
    },
  ],
  nextCursor: null,
};
