import { DomainError } from '../errors/domain-error.js';
import { RequestHeader } from '../http/api-documentation.js';

const REUSED = 'This idempotency key came before with another request. Use a new key for a new one.';

/** The refusal of a key that came before with another body, or to another route. */
export function keyReused(): DomainError {
  return new DomainError('unprocessable', 'idempotency_key_reused', REUSED);
}

/** The same, as the OpenAPI document has it. */
export const KEY_PROBLEMS = {
  422: {
    when: 'The idempotency key came before with another request.',
    code: 'idempotency_key_reused',
    detail: REUSED,
  },
};

/** Documents the header of an operation that can be repeated safely. */
export function IdempotencyKeyHeader(example: string): MethodDecorator {
  return RequestHeader({
    name: 'Idempotency-Key',
    description:
      'makes a retry safe: 1 to 255 printable ASCII characters, kept at least 24 h; also X-Idempotency-Key',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 255, examples: [example] },
  });
}
