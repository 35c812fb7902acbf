import type { Priority } from '../conversations/priority.js';
import type { NewEvent } from '../events/event-catalogue.js';
import type { QueuedEscalation } from './escalation.view.js';

/**
 * Tells that a conversation is escalated, or more or less urgently than before.
 *
 * @param previousPriority null: it was not escalated before
 */
export function escalatedEvent(
  { id, conversationId, clientId, priority, reason, level, note }: QueuedEscalation,
  previousPriority: Priority | null,
  at: Date,
): NewEvent {
  return {
    type: 'conversation.escalated',
    conversationId,
    data: {
      escalationId: id,
      conversationId,
      clientId,
      priority,
      previousPriority,
      reason,
      level,
      note,
      escalatedAt: at.toISOString(),
    },
  };
}
