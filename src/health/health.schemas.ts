import { z } from 'zod';

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

export const EXAMPLE_HEALTH: Health = {
  status: 'healthy',
  checks: { database: { status: 'healthy', latencyMs: 0.8, connections: 4, idle: 3, waiting: 0 } },
};

export const EXAMPLE_UNHEALTH: Health = {
  status: 'unhealthy',
  checks: { database: { status: 'unhealthy', latencyMs: 1000, message: 'connect ECONNREFUSED' } },
};
