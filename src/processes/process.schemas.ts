import { z } from 'zod';
import { pageOf } from '../http/pagination.js';

export const processSchema = z
  .object({
    name: z.string().describe('as it stands in paths'),
    description: z.string().describe('what it does'),
    state: z
      .enum(['waiting', 'running', 'paused', 'failing', 'not_here'])
      .describe(
        'paused: by somebody, or because it is maintenance; failing: its last run failed, another follows; not_here: this ' +
          'process has no role `worker`',
      ),
    pausedAt: z.iso.datetime().nullable().describe('when somebody paused it, in all processes'),
    lastRunAt: z.iso.datetime().nullable().describe('when its last run here began'),
    lastRunMs: z.number().nullable().describe('how long that took, in milliseconds'),
    lastError: z.string().nullable().describe('why its last run failed; null: it did not'),
    nextRunAt: z.iso.datetime().nullable().describe('when the next run begins, at the latest'),
    lagMs: z.number().describe('how late it is, or was with the latest work it did, in milliseconds'),
    runs: z.int().describe('runs since the start of this process'),
    failedRuns: z.int().describe('runs that failed as a whole'),
    handled: z.int().describe('what it dealt with since the start of this process'),
    failed: z.int().describe('what it could not deal with'),
  })
  .meta({ id: 'BackgroundProcess' });

export type ProcessView = z.infer<typeof processSchema>;

const workerSchema = z
  .object({
    host: z.string().describe('the machine, or the pod'),
    pid: z.int().describe('the process on it'),
    state: processSchema.shape.state,
    lastRunAt: processSchema.shape.lastRunAt,
    lastError: processSchema.shape.lastError,
    lagMs: processSchema.shape.lagMs,
    runs: processSchema.shape.runs,
    failedRuns: processSchema.shape.failedRuns,
  })
  .meta({ id: 'BackgroundProcessInWorker' });

export const listedProcessSchema = processSchema
  .extend({
    workers: z
      .array(workerSchema)
      .describe('how it stands in each process with the role `worker` that answered within a second'),
  })
  .meta({ id: 'ListedBackgroundProcess' });

export type ListedProcessView = z.infer<typeof listedProcessSchema>;

export const processPageSchema = pageOf(listedProcessSchema, 'BackgroundProcessPage');

export const EXAMPLE_PROCESS: ProcessView = {
  name: 'reminders',
  description: 'Sends the reminders that are due.',
  state: 'waiting',
  pausedAt: null,
  lastRunAt: '2026-11-21T09:00:00.120Z',
  lastRunMs: 3.2,
  lastError: null,
  nextRunAt: '2026-11-21T09:00:15.120Z',
  lagMs: 0,
  runs: 412,
  failedRuns: 0,
  handled: 1096,
  failed: 0,
};

const { state, lastRunAt, lastError, lagMs, runs, failedRuns } = EXAMPLE_PROCESS;

export const EXAMPLE_LISTED_PROCESS: ListedProcessView = {
  ...EXAMPLE_PROCESS,
  workers: [
    { host: 'otklik-worker-1', pid: 7, state, lastRunAt, lastError, lagMs, runs, failedRuns },
    { host: 'otklik-worker-2', pid: 7, state, lastRunAt, lastError, lagMs, runs: 398, failedRuns },
  ],
};

/** The `{name}` of a path. */
export const processName = z
  .string()
  .regex(/^[a-z][a-z-]{0,63}$/, 'must be the name of a background process, such as reminders')
  .describe('the name of the background process')
  .meta({ example: EXAMPLE_PROCESS.name });
