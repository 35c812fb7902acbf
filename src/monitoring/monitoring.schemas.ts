import { z } from 'zod';
import { formatDuration, parseDuration } from '../config/duration.js';
import { pageOf, pageQuery } from '../http/pagination.js';

const DAY = 86_400_000;

/** An ISO 8601 duration within a range; comes out as milliseconds. */
function durationIn(shortest: string, longest: string, example: string) {
  const [min = 0, max = 0] = [parseDuration(shortest), parseDuration(longest)];
  return z
    .string()
    .refine((text) => {
      const length = parseDuration(text);
      return length !== undefined && length >= min && length <= max;
    }, `must be an ISO 8601 duration from ${shortest} to ${longest}, such as ${example}`)
    .meta({ example });
}

const responseTime = () => durationIn('PT0.001S', 'PT1M', 'PT0.25S');
const sampleCount = () => z.int().min(1).max(100);

export const startMonitoringSchema = z
  .strictObject({
    interval: durationIn('PT1S', 'PT1H', 'PT30S').optional().describe('how often each part is looked at'),
    thresholds: z
      .strictObject({
        responseTimeDegraded: responseTime()
          .optional()
          .describe('a database or a Redis that takes longer to answer is degraded'),
        responseTimeUnhealthy: responseTime().optional().describe('and longer than this, unhealthy'),
        samplesToWorsen: sampleCount()
          .optional()
          .describe('how many samples in a row have to be worse before an alert is raised'),
        samplesToRecover: sampleCount()
          .optional()
          .describe('how many samples in a row have to be better before it is resolved'),
      })
      .optional()
      .describe('what is left out stays as it was'),
  })
  .meta({
    id: 'StartMonitoring',
    example: { interval: 'PT15S', thresholds: { responseTimeDegraded: 'PT0.1S', samplesToWorsen: 3 } },
  });

export type StartMonitoring = z.infer<typeof startMonitoringSchema>;

const monitoringSchema = z
  .object({
    running: z.boolean().describe('false: somebody stopped it, for all processes'),
    interval: z.string().describe('how often each part is looked at, as an ISO 8601 duration'),
    thresholds: z
      .object({
        responseTimeDegraded: z.string().describe('a slower database or Redis is degraded'),
        responseTimeUnhealthy: z.string().describe('and a slower one than this, unhealthy'),
        samplesToWorsen: z.int().describe('samples in a row before an alert is raised'),
        samplesToRecover: z.int().describe('samples in a row before it is resolved'),
      })
      .describe('what makes a part worse, and an alert'),
  })
  .meta({ id: 'Monitoring' });

export type MonitoringView = z.infer<typeof monitoringSchema>;
export { monitoringSchema };

const statusSchema = z.enum(['healthy', 'degraded', 'unhealthy']);

export const sampleSchema = z
  .object({
    id: z.uuid(),
    service: z.string().describe('the part, as `/health/full` calls it'),
    instance: z.string().describe('the process that looked'),
    at: z.iso.datetime().describe('when'),
    status: statusSchema.describe('how it was'),
    latencyMs: z.number().nullable().describe('how long it took to answer; null: it was not asked'),
    message: z.string().nullable().describe('what was wrong with it'),
    facts: z.record(z.string(), z.unknown()).describe('what else was seen: connections, memory, lags'),
  })
  .meta({ id: 'HealthSample' });

export type SampleView = z.infer<typeof sampleSchema>;

const latency = (what: string) => z.number().nullable().describe(`${what}, in milliseconds`);

export const serviceReportSchema = z
  .object({
    service: z.string().describe('the part, as `/health/full` calls it'),
    status: z
      .enum(['healthy', 'degraded', 'unhealthy', 'unknown'])
      .describe('by its last sample; unknown: there is none, because it is not configured or nobody looked'),
    last: sampleSchema.nullable().describe('the last sample, whoever took it'),
    samples: z.int().describe('how many there are of the period'),
    healthyShare: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe('the share of them that were healthy or degraded; null: there are none'),
    latency: z
      .object({
        p50: latency('half of the answers took no longer'),
        p95: latency('95 of 100 took no longer'),
        p99: latency('99 of 100 took no longer'),
        max: latency('none took longer'),
      })
      .describe('how long it took to answer'),
  })
  .meta({ id: 'ServiceReport' });

export type ServiceReportView = z.infer<typeof serviceReportSchema>;

const periodSchema = durationIn('PT1M', 'P31D', 'PT1H')
  .default('PT1H')
  .describe('the time before now that the report is about');

export const systemHealthQuery = z.strictObject({ period: periodSchema });
export type SystemHealthQuery = z.infer<typeof systemHealthQuery>;

export const serviceHealthQuery = z.strictObject({ ...pageQuery, period: periodSchema });
export type ServiceHealthQuery = z.infer<typeof serviceHealthQuery>;

export const systemHealthSchema = z
  .object({
    monitoring: monitoringSchema,
    since: z.iso.datetime().describe('where the period begins'),
    services: z.array(serviceReportSchema).describe('each part'),
  })
  .meta({ id: 'SystemHealth' });

export type SystemHealthView = z.infer<typeof systemHealthSchema>;

export const serviceHealthSchema = pageOf(sampleSchema, 'HealthSamplePage')
  .extend({ since: z.iso.datetime().describe('where the period begins'), report: serviceReportSchema })
  .meta({ id: 'ServiceHealth' });

export type ServiceHealthView = z.infer<typeof serviceHealthSchema>;

export const checkedSchema = z
  .object({ services: z.array(sampleSchema).describe('each part that is configured, as it is now') })
  .meta({ id: 'CheckedHealth' });

export type CheckedView = z.infer<typeof checkedSchema>;

/** The `{service}` of a path. */
export const serviceName = z
  .string()
  .regex(/^[a-z][A-Za-z]{0,63}$/, 'must be the name of a part, such as database')
  .describe('the part, as `/health/full` calls it')
  .meta({ example: 'database' });

export const EXAMPLE_MONITORING: MonitoringView = {
  running: true,
  interval: formatDuration(30_000),
  thresholds: {
    responseTimeDegraded: 'PT0.25S',
    responseTimeUnhealthy: 'PT0.75S',
    samplesToWorsen: 2,
    samplesToRecover: 3,
  },
};

export const EXAMPLE_SAMPLE: SampleView = {
  id: '019aa5c6-7b4a-7b12-8c34-5d6e7f8091a2',
  service: 'database',
  instance: 'otklik-worker-1-1-0a1b2c',
  at: '2026-11-21T09:00:00.120Z',
  status: 'healthy',
  latencyMs: 1.4,
  message: null,
  facts: {
    connections: 4,
    idle: 3,
    inUse: 1,
    waiting: 0,
    max: 10,
    serverConnections: 9,
    serverMaxConnections: 100,
  },
};

export const EXAMPLE_REPORT: ServiceReportView = {
  service: 'database',
  status: 'healthy',
  last: EXAMPLE_SAMPLE,
  samples: 120,
  healthyShare: 1,
  latency: { p50: 1.1, p95: 2.3, p99: 4.8, max: 9.2 },
};

export const EXAMPLE_SINCE = new Date(Date.parse('2026-11-21T09:00:00.120Z') - DAY / 24).toISOString();
