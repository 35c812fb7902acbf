import type { Priority } from '../conversations/priority.js';

/** What each event tells. The key is the event's type, the value its `data`; times are ISO 8601. */
export interface EventPayloads {
  'message.received': {
    messageId: string;
    conversationId: string;
    clientId: string;
    content: string;
    channel: string;
    isFirstMessage: boolean;
    metadata: Record<string, unknown>;
    timestamp: string;
    createdAt: string;
  };
  'message.triaged': {
    messageId: string;
    conversationId: string;
    clientId: string;
    priority: Priority;
    category: string | null;
    triage: { source: string; confidence: number; status: string };
  };
  'message.replied': {
    messageId: string;
    conversationId: string;
    clientId: string;
    author: string;
    operatorId: string | null;
    content: string;
    createdAt: string;
  };
  'conversation.opened': {
    conversationId: string;
    clientId: string;
    channel: string;
    status: string;
    priority: Priority;
    openedAt: string;
  };
  'conversation.prioritised': {
    conversationId: string;
    clientId: string;
    priority: Priority;
    previousPriority: Priority;
  };
  'conversation.closed': { conversationId: string; clientId: string; reason: string; closedAt: string };
  'reminder.cancelled': {
    reminderId: string;
    conversationId: string;
    clientId: string;
    level: number;
    scheduledAt: string;
    reason: string;
  };
}

export type EventType = keyof EventPayloads;

/** An event that is about to be written into the outbox. */
export type NewEvent = {
  [Type in EventType]: {
    readonly type: Type;
    readonly conversationId: string;
    readonly data: EventPayloads[Type];
  };
}[EventType];
