import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RATE_LIMIT_GROUPS } from '../http/rate-limits/rate-limit.guard.js';
import { Metrics, oneOf } from './metrics.js';

const methodLabel = oneOf(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const groupLabel = oneOf(RATE_LIMIT_GROUPS);

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What came to one route by one method; in plain numbers, because an ingest has no time for labels. */
interface RouteCounts {
  readonly method: string;
  readonly route: string;
  readonly statuses: Map<number, number>;
  readonly observe: (seconds: number) => void;
}

/** Requests: how many, how long, how they ended, by the route that took them and never by their path. */
@Injectable()
export class RequestMetrics {
  private inFlight = 0;
  private readonly routes = new Map<string, RouteCounts>();
  private readonly durations;
  private readonly refused;

  constructor(metrics: Metrics) {
    metrics.counted(
      'http_requests_total',
      'Requests that were answered, or whose caller hung up.',
      ['method', 'route', 'status'],
      () => this.counts(),
    );
    this.durations = metrics.histogram(
      'http_request_duration_seconds',
      'How long requests took from their first byte to the last of the answer; without streams of events.',
      BUCKETS,
      ['method', 'route'],
    );
    metrics.gauge('http_requests_in_flight', 'Requests that are being answered.', [], () => [
      [{}, this.inFlight],
    ]);
    this.refused = metrics.counter(
      'rate_limit_refusals_total',
      'Requests that were refused because their caller sent too many; auth-failures: with wrong keys.',
      ['group'],
    );
    for (const group of [...RATE_LIMIT_GROUPS, 'auth-failures']) this.refused.inc({ group }, 0);
  }

  /** Watches every request of a server. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, next) => {
      this.inFlight++;
      // Comes after the last byte, and also where the caller hangs up.
      reply.raw.once('close', () => this.onEnd(request, reply));
      next();
    });
  }

  private onEnd(request: FastifyRequest, reply: FastifyReply): void {
    this.inFlight--;
    const method = methodLabel(request.method);
    const route = request.routeOptions.url ?? 'unknown';
    const { statusCode } = reply.raw;
    const counts = this.countsOf(method, route);
    counts.statuses.set(statusCode, (counts.statuses.get(statusCode) ?? 0) + 1);
    if (statusCode === 429) this.refused.inc({ group: groupOf(reply) });
    if (!isStream(reply)) counts.observe(reply.elapsedTime / 1000);
  }

  private countsOf(method: string, route: string): RouteCounts {
    const key = `${method} ${route}`;
    const known = this.routes.get(key);
    if (known) return known;
    const durations = this.durations.labels(method, route);
    const counts = {
      method,
      route,
      statuses: new Map(),
      observe: (seconds: number) => durations.observe(seconds),
    };
    this.routes.set(key, counts);
    return counts;
  }

  private *counts(): Generator<[Record<string, string>, number]> {
    for (const { method, route, statuses } of this.routes.values()) {
      for (const [status, count] of statuses) yield [{ method, route, status: String(status) }, count];
    }
  }
}

function isStream(reply: FastifyReply): boolean {
  const type = reply.getHeader('content-type') ?? reply.raw.getHeader('content-type');
  return String(type).startsWith('text/event-stream');
}

/** Only the limit of wrong keys has no policy to show. */
function groupOf(reply: FastifyReply): string {
  const [, group] = /^"([^"]*)"/.exec(String(reply.getHeader('ratelimit-policy'))) ?? [];
  return group === undefined ? 'auth-failures' : groupLabel(group);
}
