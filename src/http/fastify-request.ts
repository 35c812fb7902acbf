import type { Caller } from '../auth/caller.js';
import type { RequestContext } from '../logging/request-context.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The trace that the request belongs to; set before anything else looks at it. */
    trace: RequestContext;
    /** Who is calling; set by the authentication, absent on public routes. */
    caller: Caller | undefined;
  }
}
