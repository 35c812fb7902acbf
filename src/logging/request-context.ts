import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request, or of the piece of background work, that the running code belongs to. */
export interface RequestContext {
  /** W3C trace id, 32 hexadecimal digits. */
  readonly traceId: string;
  /** What the answer carries as `X-Request-Id`. */
  readonly requestId: string;
}

/** Carries the context along every call and await, so that no function has to pass it on. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
