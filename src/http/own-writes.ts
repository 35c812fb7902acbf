import type { FastifyInstance } from 'fastify';
import type { RecentWrites } from '../database/replicas/recent-writes.js';

/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Has every process know of a write before it is answered, where lists are read from replicas. */
export function tellOfWrites(fastify: FastifyInstance, writes: RecentWrites): void {
  if (!writes.areOfInterest) return;
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const telling = request.caller && !SAFE.has(request.method) ? writes.note(request.caller.id) : undefined;
    if (telling) void telling.then(() => done(null, payload));
    else done(null, payload);
  });
}
