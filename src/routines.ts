import { CLOSE_IDLE_ROUTINE } from './conversations/idle-conversation.repository.js';
import type { Routine } from './database/routines.js';
import { INGEST_ROUTINE } from './messages/ingest.repository.js';
import { CLAIM_ROUTINE, SEND_ROUTINE } from './reminders/due-reminder.repository.js';
import { COUNT_EVENTS_ROUTINE } from './statistics/statistics.repository.js';
import { REQUEUE_DELIVERIES_ROUTINE } from './webhooks/delivery.repository.js';
import { CLAIM_DELIVERIES_ROUTINE, RECORD_ATTEMPTS_ROUTINE } from './webhooks/dispatch/delivery-queue.js';
import { FAN_OUT_ROUTINE } from './webhooks/dispatch/fan-out.repository.js';

/** Every function that runs inside PostgreSQL. */
export const ROUTINES: readonly Routine[] = [
  INGEST_ROUTINE,
  CLAIM_ROUTINE,
  SEND_ROUTINE,
  CLOSE_IDLE_ROUTINE,
  FAN_OUT_ROUTINE,
  CLAIM_DELIVERIES_ROUTINE,
  RECORD_ATTEMPTS_ROUTINE,
  REQUEUE_DELIVERIES_ROUTINE,
  COUNT_EVENTS_ROUTINE,
];
