import { CLOSE_IDLE_ROUTINE } from './conversations/idle-conversation.repository.js';
import type { Routine } from './database/routines.js';
import { INGEST_ROUTINE } from './messages/ingest.repository.js';
import { CLAIM_ROUTINE, SEND_ROUTINE } from './reminders/due-reminder.repository.js';

/** Every function that runs inside PostgreSQL. */
export const ROUTINES: readonly Routine[] = [INGEST_ROUTINE, CLAIM_ROUTINE, SEND_ROUTINE, CLOSE_IDLE_ROUTINE];
