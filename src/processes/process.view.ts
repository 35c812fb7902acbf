import type { ListedProcess } from './background-processes.js';
import type { ProcessView } from './process.schemas.js';

/** A background process as the API shows it. */
export function processView({ process, status, pausedAt }: ListedProcess): ProcessView {
  const iso = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  return {
    name: process.name,
    description: process.description,
    state: status.state,
    pausedAt: pausedAt?.toISOString() ?? null,
    lastRunAt: iso(status.lastRunAt),
    lastRunMs: status.lastRunDuration === undefined ? null : Math.round(status.lastRunDuration * 10) / 10,
    lastError: status.lastError ?? null,
    nextRunAt: iso(status.nextRunAt),
    lagMs: status.lag,
    runs: status.runs,
    failedRuns: status.failedRuns,
    handled: status.handled,
    failed: status.failed,
  };
}
