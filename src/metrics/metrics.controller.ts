import { Controller, Get, Header } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { DiskMetrics } from './disk-metrics.js';
import { Metrics } from './metrics.js';
import { QueueMetrics } from './queue-metrics.js';

const EXAMPLE = `# HELP otklik_ingest_queue_messages Messages that wait for a transaction.
# TYPE otklik_ingest_queue_messages gauge
otklik_ingest_queue_messages 0
`;

@ApiTag('System')
@Controller('metrics')
@Access('system:read')
@RateLimit('none')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly queues: QueueMetrics,
    private readonly disks: DiskMetrics,
  ) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @Operation({
    id: 'getMetrics',
    summary: 'Metrics for Prometheus',
    description:
      'Of this process, in the text format; docs/metrics.md lists them. Besides API keys, METRICS_TOKEN opens it, which needs no database.',
    status: 200,
    isUnlimited: true,
    answers: {
      200: { description: 'All metrics.', mediaType: 'text/plain', example: EXAMPLE },
    },
    problems: {
      429: {
        when: 'Too many requests with a wrong key came from this address.',
        code: 'rate_limited',
        detail: 'Too many requests with a wrong API key. Try again in 12 s.',
      },
    },
  })
  async read(): Promise<string> {
    await Promise.all([this.queues.refresh(), this.disks.refresh()]);
    return this.metrics.text();
  }
}
