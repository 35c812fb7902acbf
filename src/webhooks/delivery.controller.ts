import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  type DeliveryDetailsView,
  type DeliveryView,
  deliveryDetailsSchema,
  deliveryPageSchema,
  deliverySchema,
  EXAMPLE_DELIVERY,
  EXAMPLE_DELIVERY_DETAILS,
  type ListDeliveries,
  listDeliveriesSchema,
} from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';

const webhookId = idOf('webhook', EXAMPLE_DELIVERY.webhookId);
const deliveryId = idOf('delivery', EXAMPLE_DELIVERY.id);
const MISSING = missing('delivery', EXAMPLE_DELIVERY.id);

const PENDING: DeliveryView = {
  ...EXAMPLE_DELIVERY,
  status: 'pending',
  nextAttemptAt: '2026-11-21T09:05:00.000Z',
  finishedAt: null,
};

@ApiTag('Webhooks')
@Controller('api')
@RateLimit('default')
@Access('webhooks:manage')
export class DeliveryController {
  constructor(private readonly deliveries: DeliveryService) {}

  @Get('webhooks/:id/deliveries')
  @Operation({
    id: 'listDeliveries',
    summary: 'List the deliveries of a webhook',
    description:
      'The newest event first; of those that are `pending`, the soonest attempt first, and last those that are held ' +
      'back behind an earlier event of their conversation. Those that are over are kept for `WEBHOOK_RETENTION`.',
    status: 200,
    answers: {
      200: {
        description: 'A page of deliveries.',
        schema: deliveryPageSchema,
        example: { data: [EXAMPLE_DELIVERY], nextCursor: null },
      },
    },
    problems: missing('webhook', EXAMPLE_DELIVERY.webhookId),
  })
  list(
    @Param('id', { schema: webhookId }) id: string,
    @Query({ schema: listDeliveriesSchema }) query: ListDeliveries,
  ): Promise<Page<DeliveryView>> {
    return this.deliveries.list(id, query);
  }

  @Get('deliveries/:id')
  @Operation({
    id: 'getDelivery',
    summary: 'Read a delivery with its attempts',
    status: 200,
    answers: {
      200: {
        description: 'The delivery, its event, and what came of each request.',
        schema: deliveryDetailsSchema,
        example: EXAMPLE_DELIVERY_DETAILS,
      },
    },
    problems: MISSING,
  })
  find(@Param('id', { schema: deliveryId }) id: string): Promise<DeliveryDetailsView> {
    return this.deliveries.find(id);
  }

  @Post('deliveries/:id/redeliver')
  @Operation({
    id: 'redeliver',
    summary: 'Send a delivery once more',
    description:
      'Whatever became of it, it is pending again and the retry schedule begins anew; `webhook-id` stays the same. ' +
      'One that is pending is sent now instead of later, unless it is on its way. Where the webhook is `ordered`, it ' +
      'goes before the later events of its conversation that still wait, and comes after those that were delivered.',
    status: 202,
    answers: {
      202: { description: 'The delivery, now pending.', schema: deliverySchema, example: PENDING },
    },
    problems: {
      ...MISSING,
      409: {
        when: 'The webhook is disabled.',
        code: 'webhook_disabled',
        detail: `The webhook ${EXAMPLE_DELIVERY.webhookId} is disabled: enable it first, then what it missed can be replayed.`,
      },
    },
  })
  redeliver(@Param('id', { schema: deliveryId }) id: string): Promise<DeliveryView> {
    return this.deliveries.redeliver(id);
  }
}
