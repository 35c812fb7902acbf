import type { FastifyInstance } from 'fastify';
import { DomainError } from '../errors/domain-error.js';

/** Whether it is well, and what Prometheus reads. */
const PROBES = /^\/(?:health|metrics)(?:\/|$)/;

/** Has a process without the role `api` serve probes and nothing else; whoever sends more has the wrong address. */
export function serveProbesAlone(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, next) => {
    if (PROBES.test(request.routeOptions.url ?? '')) return next();
    next(
      new DomainError(
        'not_found',
        'not_served_here',
        'This process is a worker (ROLES=worker) and serves /health and /metrics alone. Send the request to a process with the role api.',
      ),
    );
  });
}
