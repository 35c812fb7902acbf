import type { HealthCheck } from './health.schemas.js';

/** How a part is that does its work in other processes. */
export const NOT_A_WORKER: HealthCheck = {
  status: 'not_configured',
  message: 'this process has no role worker',
};

export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
