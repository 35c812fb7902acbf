import type { StoredWebhook } from './webhook.repository.js';
import type { WebhookView } from './webhook.schemas.js';
import { shownHeaders } from './webhook-headers.js';

/** An endpoint as the API shows it: never with its secret. */
export function webhookView(webhook: StoredWebhook): WebhookView {
  return {
    id: webhook.id,
    url: webhook.url,
    description: webhook.description,
    eventTypes: webhook.eventTypes,
    headers: shownHeaders(webhook.headers),
    rateLimitPerSecond: webhook.rateLimitPerSecond,
    ordered: webhook.ordered,
    enabled: webhook.enabled,
    disabledAt: webhook.disabledAt?.toISOString() ?? null,
    disabledReason: webhook.disabledReason,
    health: {
      failingSince: webhook.failingSince?.toISOString() ?? null,
      consecutiveFailures: webhook.failures,
      blockedUntil: webhook.blockedUntil?.toISOString() ?? null,
    },
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}
