import { z } from 'zod';
import { wholeListOf } from '../http/pagination.js';
import { COUNT_LIMIT, RETENTION_KINDS } from './retention-kind.js';

export const retentionSchema = wholeListOf(
  z.object({
    kind: z
      .enum(RETENTION_KINDS)
      .describe(
        'conversations: those that are closed, with messages, reminders, escalations and clients of whom nothing ' +
          'else is left; deliveries: those that are over, with their attempts; webhook_replays: those that are ' +
          'finished; events: those that are told, counted and have no deliveries; idempotency_keys: those that have ' +
          'expired; monitoring_samples: what the monitor saw; alerts: those that are resolved',
      ),
    keepForMs: z.number().nullable().describe('how long it is kept, in milliseconds; null: for ever'),
    before: z.iso
      .datetime()
      .nullable()
      .describe(
        'what is older is deleted; of idempotency_keys, what has expired by then, which is now; null: nothing is',
      ),
    due: z.int().min(0).describe(`how many a run would delete now, counted up to ${COUNT_LIMIT}`),
    dueIsMore: z.boolean().describe('whether it may be more, because not all that is old was looked at'),
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

const RUN = { finishedAt: '2026-11-21T09:00:00.000Z', durationMs: 2, deleted: 0 };

export const EXAMPLE_RETENTION: RetentionView = {
  data: [
    { kind: 'conversations', keepForMs: null, before: null, due: 0, dueIsMore: false, lastRun: null },
    {
      kind: 'deliveries',
      keepForMs: 2_592_000_000,
      before: '2026-10-22T09:30:00.000Z',
      due: 2310,
      dueIsMore: false,
      lastRun: { ...RUN, durationMs: 388, deleted: 14_022 },
    },
    {
      kind: 'webhook_replays',
      keepForMs: 2_592_000_000,
      before: '2026-10-22T09:30:00.000Z',
      due: 0,
      dueIsMore: false,
      lastRun: RUN,
    },
    {
      kind: 'events',
      keepForMs: 7_776_000_000,
      before: '2026-08-23T09:30:00.000Z',
      due: 1412,
      dueIsMore: false,
      lastRun: { ...RUN, durationMs: 214, deleted: 9120 },
    },
    {
      kind: 'idempotency_keys',
      keepForMs: 172_800_000,
      before: '2026-11-21T09:30:00.000Z',
      due: 10_000,
      dueIsMore: true,
      lastRun: { ...RUN, durationMs: 1206, deleted: 51_733 },
    },
    {
      kind: 'monitoring_samples',
      keepForMs: 604_800_000,
      before: '2026-11-14T09:30:00.000Z',
      due: 210,
      dueIsMore: false,
      lastRun: { ...RUN, durationMs: 9, deleted: 420 },
    },
    {
      kind: 'alerts',
      keepForMs: 7_776_000_000,
      before: '2026-08-23T09:30:00.000Z',
      due: 0,
      dueIsMore: false,
      lastRun: RUN,
    },
  ],
  nextCursor: null,
};
