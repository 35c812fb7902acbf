import type { Message } from './message.entity.js';
import type { MessageView, ReceivedMessageView } from './message.schemas.js';

/** A message as the API shows it. */
export function messageView(message: Message): MessageView {
  return {
    id: message.id,
    clientId: message.clientId,
    conversationId: message.conversationId,
    direction: message.direction,
    author: message.author,
    operatorId: message.operatorId,
    content: message.content,
    channel: message.channel,
    priority: message.priority,
    category: message.category,
    triage: message.triage,
    isFirstMessage: message.isFirst,
    metadata: message.metadata as MessageView['metadata'],
    timestamp: message.sentAt.toISOString(),
    createdAt: message.createdAt.toISOString(),
  };
}

/** A message as its sender was answered when it came in. */
export function receivedView(message: Message, reply: Message | null): ReceivedMessageView {
  return {
    ...messageView(message),
    reply: reply && messageView(reply),
    reminders: message.answeredReminders ?? [],
    duplicate: null,
  };
}
