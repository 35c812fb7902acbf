import { z } from 'zod';
import { noFaults } from '../self-check/faults.js';

export const HEALTH_STATUSES = ['healthy', 'degraded', 'unhealthy', 'not_configured'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

export const healthCheckSchema = z
  .looseObject({
    status: z.enum(HEALTH_STATUSES).describe('how this part is'),
    latencyMs: z
      .number()
      .describe('how long the part took to answer, or the look at it where nobody is asked, in milliseconds'),
    message: z.string().optional().describe('what is wrong with it'),
  })
  .meta({ id: 'HealthCheck' });

export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']).describe('the worst of its parts'),
    checks: z.record(z.string(), healthCheckSchema).describe('each part by its name'),
  })
  .meta({ id: 'Health' });

export type TimedCheck = z.infer<typeof healthCheckSchema>;

/** How a part is; one that asks nobody need not say how long it took. */
export type HealthCheck = Pick<TimedCheck, 'status' | 'message'> & {
  readonly latencyMs?: number;
  readonly [fact: string]: unknown;
};

export type Health = z.infer<typeof healthSchema>;

const EXAMPLE_DATABASE: TimedCheck = {
  status: 'healthy',
  latencyMs: 0.8,
  connections: 4,
  idle: 3,
  inUse: 1,
  waiting: 0,
  max: 10,
};

const EXAMPLE_SCHEDULER: TimedCheck = {
  status: 'healthy',
  latencyMs: 0.01,
  lagMs: 0,
  lastRunAt: '2026-11-21T09:00:00.120Z',
  nextRunAt: '2026-11-21T09:00:05.120Z',
};

const EXAMPLE_WEBHOOK: TimedCheck = {
  status: 'healthy',
  latencyMs: 1.2,
  endpoints: 3,
  failing: 0,
  paused: 0,
  disabled: 0,
  lagMs: 0,
  outboxAgeMs: 0,
};

export const EXAMPLE_WEBHOOK_HEALTH: Health = { status: 'healthy', checks: { webhook: EXAMPLE_WEBHOOK } };

export const EXAMPLE_WEBHOOK_UNHEALTH: Health = {
  status: 'unhealthy',
  checks: {
    webhook: {
      ...EXAMPLE_WEBHOOK,
      status: 'unhealthy',
      lagMs: 301_200,
      message: 'events are told 301200 ms late',
    },
  },
};

export const EXAMPLE_DATABASE_HEALTH: Health = {
  status: 'healthy',
  checks: { database: EXAMPLE_DATABASE },
};

export const EXAMPLE_DATABASE_UNHEALTH: Health = {
  status: 'unhealthy',
  checks: { database: { status: 'unhealthy', latencyMs: 1000, message: 'connect ECONNREFUSED' } },
};

export const EXAMPLE_SCHEDULER_HEALTH: Health = {
  status: 'healthy',
  checks: { scheduler: EXAMPLE_SCHEDULER },
};

export const EXAMPLE_SCHEDULER_UNHEALTH: Health = {
  status: 'unhealthy',
  checks: {
    scheduler: {
      ...EXAMPLE_SCHEDULER,
      status: 'unhealthy',
      lagMs: 61_300,
      message: 'reminders are late by 61300 ms',
    },
  },
};

export const EXAMPLE_HEALTH: Health = {
  status: 'healthy',
  checks: {
    database: EXAMPLE_DATABASE,
    redis: notConfigured('REDIS_URL is not set'),
    scheduler: EXAMPLE_SCHEDULER,
    selfCheck: {
      status: 'healthy',
      latencyMs: 0.01,
      lastRunAt: '2026-11-21T09:00:00.120Z',
      lastRun: noFaults(),
      total: noFaults(),
    },
    webhook: EXAMPLE_WEBHOOK,
  },
};

export const EXAMPLE_UNHEALTH: Health = {
  status: 'unhealthy',
  checks: { ...EXAMPLE_HEALTH.checks, ...EXAMPLE_DATABASE_UNHEALTH.checks },
};

export const EXAMPLE_LIVENESS: Health = {
  status: 'healthy',
  checks: { process: { status: 'healthy', latencyMs: 0.01, uptimeSeconds: 86_400 } },
};

export const EXAMPLE_NOT_READY: Health = {
  status: 'unhealthy',
  checks: {
    database: EXAMPLE_DATABASE,
    process: { status: 'unhealthy', latencyMs: 0, message: 'shutting down' },
  },
};

export const EXAMPLE_NOT_CONFIGURED = (name: string, message: string): Health => ({
  status: 'healthy',
  checks: { [name]: notConfigured(message) },
});

export const EXAMPLE_FULL_HEALTH: Health = {
  status: 'healthy',
  checks: {
    ...EXAMPLE_HEALTH.checks,
    openai: notConfigured('OPENAI_API_KEY is not set'),
    replicas: notConfigured('there are no replicas of the database'),
    backups: {
      status: 'healthy',
      latencyMs: 3.4,
      backups: 8,
      newestAt: '2026-11-21T02:00:00.000Z',
      keepDays: 7,
      lagMs: 0,
    },
    disk: {
      status: 'healthy',
      latencyMs: 0.1,
      freePercent: 61.2,
      freeBytes: 65_712_000_000,
      totalBytes: 107_374_000_000,
    },
    process: {
      status: 'healthy',
      latencyMs: 0.12,
      uptimeSeconds: 86_400,
      eventLoopLagMs: 1.2,
      rssBytes: 182_000_000,
      heapUsedBytes: 74_000_000,
      heapUsedPercent: 1.7,
    },
  },
};

function notConfigured(message: string): TimedCheck {
  return { status: 'not_configured', latencyMs: 0, message };
}
