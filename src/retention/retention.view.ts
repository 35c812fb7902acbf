import type { RetentionState } from './retention.js';
import type { RetentionView } from './retention.schemas.js';

export function retentionView(states: readonly RetentionState[]): RetentionView {
  return {
    data: states.map(({ kind, keepFor, before, due, lastRun }) => ({
      kind,
      keepForMs: Number.isFinite(keepFor) ? keepFor : null,
      before: before?.toISOString() ?? null,
      due: due.count,
      dueIsMore: due.isMore,
      lastRun: lastRun
        ? {
            finishedAt: lastRun.finishedAt.toISOString(),
            durationMs: lastRun.durationMs,
            deleted: lastRun.deleted,
          }
        : null,
    })),
    nextCursor: null,
  };
}
