import { z } from 'zod';
import { noFaults } from '../self-check/faults.js';

export const HEALTH_STATUSES = ['healthy', 'degraded', 'unhealthy', 'not_configured'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

export const healthCheckSchema = z
  .looseObject({
    status: z.enum(HEALTH_STATUSES).describe('how this part is'),
    latencyMs: z.number().optional().describe('how long the part took to answer, in milliseconds'),
    message: z.string().optional().describe('what is wrong with it'),
  })
  .meta({ id: 'HealthCheck' });

export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']).describe('the worst of its parts'),
    checks: z.record(z.string(), healthCheckSchema).describe('each part by its name'),
  })
  .meta({ id: 'Health' });

export type HealthCheck = z.infer<typeof healthCheckSchema>;
export type Health = z.infer<typeof healthSchema>;

const EXAMPLE_DATABASE: HealthCheck = {
  status: 'healthy',
  latencyMs: 0.8,
  connections: 4,
  idle: 3,
  waiting: 0,
};

const EXAMPLE_SCHEDULER: HealthCheck = {
  status: 'healthy',
  lagMs: 0,
  lastRunAt: '2026-11-21T09:00:00.120Z',
  nextRunAt: '2026-11-21T09:00:05.120Z',
};

const EXAMPLE_WEBHOOK: HealthCheck = { status: 'healthy', endpoints: 3, failing: 0, disabled: 0, lagMs: 0 };

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
    scheduler: EXAMPLE_SCHEDULER,
    selfCheck: {
      status: 'healthy',
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
  checks: { process: { status: 'healthy', uptimeSeconds: 86_400 } },
};
