import { CreateConversations } from './20261121-1200-create-conversations.js';
import { CreateEscalations } from './20261121-1800-create-escalations.js';
import { IndexIdleConversations } from './20261121-1810-index-idle-conversations.js';
import { CreateWebhooks } from './20261121-2100-create-webhooks.js';
import { CreateAudit } from './20261121-2200-create-audit.js';
import { CreateMonitoring } from './20261121-2210-create-monitoring.js';
import { CreateBackups } from './20261121-2220-create-backups.js';
import { CreateStatistics } from './20261121-2230-create-statistics.js';
import { DeleteWebhooksBehind } from './20261121-2300-delete-webhooks-behind.js';
import { KeepKeysOfReminders } from './20261121-2310-keep-keys-of-reminders.js';

/** Every schema step, oldest first. A released one is never edited: a change is a new one at the end. */
export const MIGRATIONS = [
  CreateConversations,
  CreateEscalations,
  IndexIdleConversations,
  CreateWebhooks,
  CreateAudit,
  CreateMonitoring,
  CreateBackups,
  CreateStatistics,
  DeleteWebhooksBehind,
  KeepKeysOfReminders,
];
