import { AsyncLocalStorage } from 'node:async_hooks';

/** Who asked for what is done, and from where. */
export interface Origin {
  /** The address; of a command, the host. */
  readonly ip: string;
  /** The owner of the API key, set once the authentication is over; of a command, the user, without an id. */
  caller: { readonly id: string | null; readonly name: string } | undefined;
}

/** What is known of the request, or of the piece of background work, that the running code belongs to. */
export interface RequestContext {
  /** W3C trace id, 32 hexadecimal digits. */
  readonly traceId: string;
  /** What the answer carries as `X-Request-Id`. */
  readonly requestId: string;
  /** Absent where nobody asked. */
  readonly origin?: Origin;
}

/** Carries the context along every call and await, so that no function has to pass it on. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
