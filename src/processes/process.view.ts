import { roundedMs } from '../clock/rounded-ms.js';
import type { ListedProcessView, ProcessView } from './process.schemas.js';
import type { ListedProcess } from './process-control.js';
import type { Worker } from './worker-census.js';

/** A background process as the API shows it. */
export function processView({ process, status, pausedAt }: ListedProcess): ProcessView {
  return {
    name: process.name,
    description: process.description,
    state: status.state,
    pausedAt: pausedAt?.toISOString() ?? null,
    lastRunAt: iso(status.lastRunAt),
    lastRunMs: status.lastRunDuration === undefined ? null : roundedMs(status.lastRunDuration),
    lastError: status.lastError ?? null,
    nextRunAt: iso(status.nextRunAt),
    lagMs: status.lag,
    runs: status.runs,
    failedRuns: status.failedRuns,
    handled: status.handled,
    failed: status.failed,
  };
}

/** The same, with how it stands in each worker. */
export function listedProcessView(listed: ListedProcess, workers: readonly Worker[]): ListedProcessView {
  const { name } = listed.process;
  return {
    ...processView(listed),
    workers: workers.flatMap(({ host, pid, processes }) =>
      processes
        .filter((process) => process.name === name)
        .map(({ state, lastRunAt, lastError, lag, runs, failedRuns }) => ({
          ...{ host, pid, state, lastError, runs, failedRuns },
          lastRunAt: iso(lastRunAt ?? undefined),
          lagMs: lag,
        })),
    ),
  };
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
