/** What went wrong, in the terms of whoever asked; the HTTP status follows from it in one place. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'unprocessable'
  | 'too_many_requests'
  | 'unavailable';

/** Where in the input a fault is, and what would be right. */
export interface InputFault {
  /** Dotted path of a body field (`client.email`), or the name of a query parameter or header. */
  readonly path: string;
  readonly message: string;
}

/** A refusal that the caller can act on. Everything else that is thrown is a fault of ours. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly kind: ErrorKind,
    /** Stable and searchable, such as `validation_failed`. */
    readonly code: string,
    /** A sentence for the person who reads the answer. */
    detail: string,
    readonly more: { readonly errors?: readonly InputFault[]; readonly retryAfterSeconds?: number } = {},
  ) {
    super(detail);
  }
}

/** The refusal of input, field by field. */
export function invalidInput(errors: readonly InputFault[]): DomainError {
  const fields = [...new Set(errors.map((fault) => fault.path || 'the body'))].join(', ');
  return new DomainError('invalid', 'validation_failed', `The request is not valid: see ${fields}.`, {
    errors,
  });
}

/** The refusal of an identifier that nothing has. */
export function notFound(what: string, id: string, called = what): DomainError {
  return new DomainError('not_found', `${what}_not_found`, `There is no ${called} ${id}.`);
}

/** PostgreSQL cannot be reached, or cannot do it now; whatever was asked for was not done, or can be asked for again safely. */
export function databaseUnavailable(): DomainError {
  return new DomainError(
    'unavailable',
    'database_unavailable',
    'The database is not available at the moment. Try again; a request with an idempotency key is never done twice.',
    { retryAfterSeconds: 1 },
  );
}
