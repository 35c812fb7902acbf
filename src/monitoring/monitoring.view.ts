import { roundedMs } from '../clock/rounded-ms.js';
import { formatDuration } from '../config/duration.js';
import type { MonitorSettings } from './monitor-settings.js';
import type { MonitoringView, SampleView, ServiceReportView } from './monitoring.schemas.js';
import type { ServiceReport } from './sample.repository.js';
import type { Sample } from './sampler.js';

/** A sample as the API shows it. */
export function sampleView(sample: Sample): SampleView {
  return { ...sample, at: sample.at.toISOString() };
}

/** What is known of a part as the API shows it. */
export function reportView(
  service: string,
  report: ServiceReport | undefined,
  last: Sample | undefined,
): ServiceReportView {
  const { samples = 0, unhealthy = 0, latencies } = report ?? {};
  const [p50, p95, p99, max] = (latencies ?? []).map(roundedMs);
  return {
    service,
    status: last?.status ?? 'unknown',
    last: last ? sampleView(last) : null,
    samples,
    healthyShare: samples === 0 ? null : Math.round(((samples - unhealthy) / samples) * 10_000) / 10_000,
    latency: { p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null, max: max ?? null },
  };
}

/** How the monitor is set as the API shows it. */
export function monitoringView(running: boolean, settings: MonitorSettings): MonitoringView {
  const { interval, responseTimeDegraded, responseTimeUnhealthy, samplesToWorsen, samplesToRecover } =
    settings;
  return {
    running,
    interval: formatDuration(interval),
    thresholds: {
      responseTimeDegraded: formatDuration(responseTimeDegraded),
      responseTimeUnhealthy: formatDuration(responseTimeUnhealthy),
      samplesToWorsen,
      samplesToRecover,
    },
  };
}
