import type { Conversation } from './conversation.entity.js';
import type { ConversationView } from './conversation.schemas.js';

export function conversationView(conversation: Conversation): ConversationView {
  return {
    id: conversation.id,
    clientId: conversation.clientId,
    status: conversation.status,
    priority: conversation.priority,
    channel: conversation.channel,
    openedAt: conversation.openedAt.toISOString(),
    lastActivityAt: conversation.lastActivityAt.toISOString(),
    waitingSince: conversation.waitingSince?.toISOString() ?? null,
    closedAt: conversation.closedAt?.toISOString() ?? null,
    closeReason: conversation.closeReason,
  };
}
