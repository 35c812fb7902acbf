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
  'conversation.escalated': {
    escalationId: string;
    conversationId: string;
    clientId: string;
    priority: Priority;
    /** What its priority was, where a more urgent message or a person changed it; null: it was not escalated before. */
    previousPriority: Priority | null;
    reason: 'triage' | 'policy' | 'manual' | 'self_check';
    /** Of the reminder that escalated it. */
    level: number | null;
    /** What the person who escalated it wrote. */
    note: string | null;
    escalatedAt: string;
  };
  'escalation.claimed': {
    escalationId: string;
    conversationId: string;
    clientId: string;
    operatorId: string;
    claimExpiresAt: string;
  };
  'escalation.released': {
    escalationId: string;
    conversationId: string;
    clientId: string;
    operatorId: string | null;
    /** released: by a person; expired: nobody answered in time; self_check: nobody held the claim. */
    reason: 'released' | 'expired' | 'self_check';
  };
  'reminder.due': {
    reminderId: string;
    conversationId: string;
    clientId: string;
    kind: 'policy' | 'manual';
    level: number;
    priority: Priority;
    note: string | null;
    /** When it was due. */
    scheduledAt: string;
    sentAt: string;
    /** Since when the client waits; null: nobody waits, and a person wanted to be reminded. */
    waitingSince: string | null;
  };
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
