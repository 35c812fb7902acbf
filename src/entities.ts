import { ApiKey } from './auth/api-key.entity.js';
import { Client } from './clients/client.entity.js';
import { Conversation } from './conversations/conversation.entity.js';
import { Escalation } from './escalations/escalation.entity.js';
import { EventRecord } from './events/event.entity.js';
import { Message } from './messages/message.entity.js';
import { Reminder } from './reminders/reminder.entity.js';
import { Attempt } from './webhooks/attempt.entity.js';
import { Delivery } from './webhooks/delivery.entity.js';
import { Replay } from './webhooks/replay.entity.js';
import { Webhook } from './webhooks/webhook.entity.js';

/** Every table that is read through TypeORM. */
export const ENTITIES = [
  ApiKey,
  Attempt,
  Client,
  Conversation,
  Delivery,
  Escalation,
  EventRecord,
  Message,
  Reminder,
  Replay,
  Webhook,
];
