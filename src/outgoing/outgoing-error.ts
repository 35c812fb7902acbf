import { errorMessage } from '../resilience/error-code.js';

/** A request to a service of somebody else's that did not succeed. Its address may be a secret and is not in it. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError';

  constructor(
    message: string,
    /** Whether the service could not do it now; otherwise it never will do this request. */
    readonly isTemporary: boolean,
    /** How long it asked to wait, in milliseconds; null: it did not ask. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** Whether trying the same at once may help; who asks for time gets it. */
export function isWorthRetrying(error: unknown): boolean {
  return isTemporary(error) && (error as OutgoingError).retryAfter === null;
}

export function isTemporary(error: unknown): boolean {
  return error instanceof OutgoingError && error.isTemporary;
}

/** What the network did to a request. */
export function networkError(name: string, error: unknown): OutgoingError {
  return new OutgoingError(`${name} was not reached: ${errorMessage(error)}`, true);
}
