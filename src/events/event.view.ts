import type { EventRecord } from './event.entity.js';
import type { EventView } from './event.schemas.js';

/** An event as the API shows it. */
export function eventView(event: EventRecord): EventView {
  return {
    id: event.id,
    type: event.type,
    timestamp: event.occurredAt.toISOString(),
    conversationId: event.conversationId,
    traceId: event.traceId,
    data: event.data,
  };
}
