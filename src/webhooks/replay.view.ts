import { timeOfId } from './id-time.js';
import type { Replay } from './replay.entity.js';
import type { ReplayView } from './replay.schemas.js';

/** A replay as the API shows it. */
export function replayView(replay: Replay): ReplayView {
  return {
    id: replay.id,
    webhookId: replay.webhookId,
    status: replay.finishedAt ? 'finished' : 'running',
    since: replay.since.toISOString(),
    until: replay.until.toISOString(),
    eventTypes: replay.eventTypes,
    onlyFailed: replay.onlyFailed,
    replayed: replay.replayed,
    progress: replay.finishedAt ? 1 : progressOf(replay),
    createdAt: replay.createdAt.toISOString(),
    finishedAt: replay.finishedAt?.toISOString() ?? null,
  };
}

/** How far the last event that was looked at is in the range of time, from 0 to 1. */
function progressOf({ since, until, lastEventId }: Replay): number {
  if (lastEventId === null) return 0;
  const [from, to] = [since.getTime(), until.getTime()];
  return Math.min(Math.max((timeOfId(lastEventId) - from) / (to - from), 0), 1);
}
