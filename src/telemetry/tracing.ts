import { createRequire } from 'node:module';
import type { Config } from '../config/config.js';
import { TRACE_IDS } from './spans.js';

/** Traces that are being taken. */
export interface Tracing {
  /** Sends what was not sent yet, and ends it. */
  stop(): Promise<void>;
}

/** Asked so often that they would bury the rest. */
const PROBES = /^\/(?:health|metrics)\b/;

/**
 * Takes traces of requests, statements and attempts, where OTEL_EXPORTER_OTLP_ENDPOINT says where they go; everything else
 * that OTEL_… can say, OpenTelemetry reads itself. To be called before the application is started.
 *
 * @param environment the process's own, where OpenTelemetry looks; what it does not say gets its default here
 */
export async function startTracing(
  { endpoint }: Config['tracing'],
  environment: NodeJS.ProcessEnv,
  version: string,
): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined;
  const [{ NodeSDK }, { HttpInstrumentation }, { PgInstrumentation }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/instrumentation-pg'),
  ]);
  environment.OTEL_SERVICE_NAME ??= 'otklik';
  environment.OTEL_RESOURCE_ATTRIBUTES ??= `service.version=${version}`;
  // Metrics are Prometheus's, and the log goes to standard output.
  environment.OTEL_METRICS_EXPORTER ??= 'none';
  environment.OTEL_LOGS_EXPORTER ??= 'none';
  const sdk = new NodeSDK({
    idGenerator: TRACE_IDS,
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url = '' }) => PROBES.test(url) }),
      new PgInstrumentation(),
    ],
  });
  sdk.start();
  // Both are replaced in place once somebody requires them; imports alone go unnoticed.
  const require = createRequire(import.meta.url);
  require('node:http');
  require('pg');
  return { stop: () => sdk.shutdown() };
}
