import { z } from 'zod';

export const systemInfoSchema = z
  .object({
    version: z.string().describe('the version of Otklik'),
    node: z.string().describe('the version of Node.js'),
    platform: z.string().describe('operating system and processor'),
    instance: z
      .object({
        host: z.string().describe('the name of the machine or the container'),
        pid: z.int().describe('the number of the process on it'),
        roles: z.array(z.enum(['api', 'worker'])).describe('what it does'),
        uptimeSeconds: z.int().min(0).describe('how long it has run'),
      })
      .describe('the process that answers'),
    database: z
      .object({
        version: z.string().describe('the version of PostgreSQL'),
        embedded: z.boolean().describe('whether Otklik runs it itself, in DATA_DIR'),
        migration: z.string().nullable().describe('the last step of the schema that was taken'),
        sizeBytes: z.int().min(0).describe('how much room the database takes up'),
      })
      .describe('the database that all processes share'),
    features: z
      .object({
        redis: z.boolean().describe('REDIS_URL is set'),
        rateLimits: z.boolean().describe('RATE_LIMIT is on'),
        encryptedBackups: z.boolean().describe('BACKUP_ENCRYPTION_KEY is set'),
        traces: z.boolean().describe('OTEL_EXPORTER_OTLP_ENDPOINT is set'),
        errorReports: z.boolean().describe('SENTRY_DSN is set'),
      })
      .describe('what is configured, as far as it can be left out'),
    maintenance: z.boolean().describe('whether it is maintenance'),
    auditEntries: z.int().min(0).describe('the number of the last entry of the audit log'),
  })
  .meta({ id: 'SystemInfo' });

export type SystemInfo = z.infer<typeof systemInfoSchema>;

export const EXAMPLE_SYSTEM_INFO: SystemInfo = {
  version: '0.1.0',
  node: '24.21.0',
  platform: 'linux x64',
  instance: { host: 'otklik-api-1', pid: 7, roles: ['api', 'worker'], uptimeSeconds: 86_400 },
  database: {
    version: '15.18',
    embedded: false,
    migration: 'CreateStatistics1795300200000',
    sizeBytes: 734_003_200,
  },
  features: { redis: true, rateLimits: true, encryptedBackups: true, traces: false, errorReports: false },
  maintenance: false,
  auditEntries: 17,
};
