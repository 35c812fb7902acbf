import { eventView } from '../events/event.view.js';
import type { EventType } from '../events/event-catalogue.js';
import { attemptView } from './attempt.view.js';
import type { DetailedDelivery, ListedDelivery } from './delivery.repository.js';
import type { DeliveryDetailsView, DeliveryView } from './delivery.schemas.js';
import { webhookBody } from './signing/webhook-body.js';

/** A delivery as the API shows it. */
export function deliveryView(delivery: ListedDelivery): DeliveryView {
  const { outcome, nextAttemptAt } = delivery;
  const isPending = outcome === null;
  const isHeldBack = typeof nextAttemptAt === 'number';
  return {
    id: delivery.id,
    webhookId: delivery.webhookId,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    conversationId: delivery.conversationId,
    status: outcome ?? 'pending',
    attemptCount: delivery.attempts,
    nextAttemptAt: isPending && !isHeldBack ? nextAttemptAt.toISOString() : null,
    heldBack: isPending && isHeldBack,
    createdAt: delivery.createdAt.toISOString(),
    finishedAt: delivery.finishedAt?.toISOString() ?? null,
    lastAttempt: delivery.lastAttempt,
  };
}

/** The same with all that there is about it. */
export function deliveryDetailsView({ delivery, event, attempts }: DetailedDelivery): DeliveryDetailsView {
  return {
    ...deliveryView(delivery),
    attempts: attempts.map(attemptView),
    event: eventView({
      position: delivery.eventPosition,
      id: event.eventId,
      type: delivery.eventType as EventType,
      conversationId: delivery.conversationId,
      traceId: event.traceId,
      occurredAt: event.occurredAt,
      data: JSON.parse(event.data),
    }),
    body: webhookBody(event).toString('utf8'),
  };
}
