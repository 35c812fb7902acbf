import type { z } from 'zod';
import { ALERT_EVENTS } from './catalogue/alert-events.js';
import { CLIENT_EVENTS } from './catalogue/client-events.js';
import { CONVERSATION_EVENTS } from './catalogue/conversation-events.js';
import { ESCALATION_EVENTS } from './catalogue/escalation-events.js';
import type { EventDefinition } from './catalogue/event-definition.js';
import { MESSAGE_EVENTS } from './catalogue/message-events.js';
import { REMINDER_EVENTS } from './catalogue/reminder-events.js';
import { WEBHOOK_EVENTS } from './catalogue/webhook-events.js';

/** Every type of event there is. What is written inside PostgreSQL has these forms too: the specs hold it to them. */
export const EVENT_CATALOGUE = {
  ...MESSAGE_EVENTS,
  ...CONVERSATION_EVENTS,
  ...ESCALATION_EVENTS,
  ...REMINDER_EVENTS,
  ...CLIENT_EVENTS,
  ...WEBHOOK_EVENTS,
  ...ALERT_EVENTS,
} satisfies Readonly<Record<string, EventDefinition>>;

export type EventType = keyof typeof EVENT_CATALOGUE;

export const EVENT_TYPES = Object.keys(EVENT_CATALOGUE) as readonly EventType[];

/** What each event tells: the key is the event's type, the value its `data`. */
export type EventPayloads = {
  [Type in EventType]: z.output<(typeof EVENT_CATALOGUE)[Type]['schema']>;
};

/** An event that is about to be written into the outbox. */
export type NewEvent = {
  [Type in EventType]: {
    readonly type: Type;
    /** null: it is about no conversation. */
    readonly conversationId: Type extends `webhook.${string}` | `alert.${string}` | `client.${string}`
      ? null
      : string;
    readonly data: EventPayloads[Type];
  };
}[EventType];
