import type { NewEvent } from '../events/event-catalogue.js';
import type { Message } from '../messages/message.entity.js';
import type { Conversation } from './conversation.entity.js';
import type { Reply } from './conversation.schemas.js';

/** What a reply is made of: the request, and the conversation that it answers. */
export function newReply(
  id: string,
  conversation: Conversation,
  { content, author, operatorId }: Reply,
  at: Date,
): Message {
  return {
    id,
    clientId: conversation.clientId,
    conversationId: conversation.id,
    direction: 'outbound',
    author,
    operatorId: operatorId ?? null,
    content,
    channel: conversation.channel,
    priority: null,
    category: null,
    triage: null,
    isFirst: false,
    metadata: {},
    answeredReminders: null,
    sentAt: at,
    createdAt: at,
  };
}

/** What is to be told of it. */
export function repliedEvent(reply: Message): NewEvent {
  return {
    type: 'message.replied',
    conversationId: reply.conversationId,
    data: {
      messageId: reply.id,
      conversationId: reply.conversationId,
      clientId: reply.clientId,
      author: reply.author,
      operatorId: reply.operatorId,
      content: reply.content,
      createdAt: reply.createdAt.toISOString(),
    },
  };
}
