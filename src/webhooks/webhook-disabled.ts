import { DomainError } from '../errors/domain-error.js';

/** The refusal to send something to an endpoint that is disabled. */
export function webhookDisabled(id: string): DomainError {
  return new DomainError(
    'conflict',
    'webhook_disabled',
    `The webhook ${id} is disabled: enable it first, then what it missed can be replayed.`,
  );
}
