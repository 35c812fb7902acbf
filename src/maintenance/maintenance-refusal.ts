import { DomainError } from '../errors/domain-error.js';
import type { Stay } from './maintenance.repository.js';

/**
 * The refusal of what would change data.
 *
 * @param retryAfter when to come back, in milliseconds
 */
export function maintenanceRefusal({ reason }: Stay, retryAfter: number): DomainError {
  return new DomainError(
    'unavailable',
    'maintenance',
    `It is maintenance: reading goes on; send this again later. The reason: ${reason}`,
    { retryAfterSeconds: retryAfter / 1000 },
  );
}
