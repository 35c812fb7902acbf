import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import {
  type ChangeWebhook,
  type CreatedWebhook,
  type CreateWebhook,
  changeWebhookSchema,
  createdWebhookSchema,
  createWebhookSchema,
  type EnabledWebhook,
  EXAMPLE_SECRET,
  EXAMPLE_TEST,
  EXAMPLE_WEBHOOK,
  enabledWebhookSchema,
  type ListWebhooks,
  listWebhooksSchema,
  type RotatedSecret,
  rotatedSecretSchema,
  type WebhookTestView,
  type WebhookView,
  webhookPageSchema,
  webhookSchema,
  webhookTestSchema,
} from './webhook.schemas.js';
import { WebhookService } from './webhook.service.js';
import { WebhookDeletion } from './webhook-deletion.js';
import { WebhookTestService } from './webhook-test.service.js';

const webhookId = idOf('webhook', EXAMPLE_WEBHOOK.id);
const MISSING = missing('webhook', EXAMPLE_WEBHOOK.id);

@ApiTag('Webhooks')
@Controller('api/webhooks')
@RateLimit('default')
@Access('webhooks:manage')
export class WebhookController {
  constructor(
    private readonly webhooks: WebhookService,
    private readonly tests: WebhookTestService,
    private readonly deletion: WebhookDeletion,
  ) {}

  @Post()
  @Operation({
    id: 'createWebhook',
    summary: 'Make a webhook',
    description:
      'From now on the URL is told of what happens, by requests that are signed as Standard Webhooks has it. The ' +
      'secret is shown in this answer and never again.',
    status: 201,
    answers: {
      201: {
        description: 'The webhook, with its secret, shown only now.',
        schema: createdWebhookSchema,
        example: { ...EXAMPLE_WEBHOOK, secret: EXAMPLE_SECRET },
      },
    },
    problems: BODY_PROBLEMS,
  })
  create(@Body({ schema: createWebhookSchema }) body: CreateWebhook): Promise<CreatedWebhook> {
    return this.webhooks.create(body);
  }

  @Get()
  @Operation({
    id: 'listWebhooks',
    summary: 'List the webhooks',
    description: 'Newest first, with how each of them does.',
    status: 200,
    answers: {
      200: {
        description: 'A page of webhooks.',
        schema: webhookPageSchema,
        example: { data: [EXAMPLE_WEBHOOK], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listWebhooksSchema }) query: ListWebhooks): Promise<Page<WebhookView>> {
    return this.webhooks.list(query);
  }

  @Get(':id')
  @Operation({
    id: 'getWebhook',
    summary: 'Read a webhook',
    status: 200,
    answers: { 200: { description: 'The webhook.', schema: webhookSchema, example: EXAMPLE_WEBHOOK } },
    problems: MISSING,
  })
  find(@Param('id', { schema: webhookId }) id: string): Promise<WebhookView> {
    return this.webhooks.find(id);
  }

  @Patch(':id')
  @Operation({
    id: 'changeWebhook',
    summary: 'Change a webhook',
    description:
      'What is left out stays as it is; `headers` replaces all of them. Where `ordered` is switched off, deliveries ' +
      'that waited for others are due at once; where it is switched on, the order is kept for events from then on.',
    status: 200,
    answers: {
      200: {
        description: 'The webhook.',
        schema: webhookSchema,
        example: { ...EXAMPLE_WEBHOOK, eventTypes: ['message.received'], rateLimitPerSecond: null },
      },
    },
    problems: { ...MISSING, ...BODY_PROBLEMS },
  })
  change(
    @Param('id', { schema: webhookId }) id: string,
    @Body({ schema: changeWebhookSchema }) body: ChangeWebhook,
  ): Promise<WebhookView> {
    return this.webhooks.change(id, body);
  }

  @Delete(':id')
  @Operation({
    id: 'deleteWebhook',
    summary: 'Delete a webhook',
    description:
      'It is gone at once with its deliveries and their attempts, which are cleared away in the background. From then on ' +
      'nothing more is sent; a request that is under way comes to its end.',
    status: 204,
    answers: { 204: { description: 'Deleted.' } },
    problems: MISSING,
  })
  remove(@Param('id', { schema: webhookId }) id: string): Promise<void> {
    return this.deletion.delete(id);
  }

  @Post(':id/enable')
  @Operation({
    id: 'enableWebhook',
    summary: 'Enable a webhook',
    description:
      'It begins anew, as if it had never failed. What happened while it was disabled is not sent by itself: ' +
      '`missedSince` is the `since` of a replay that does so.',
    status: 200,
    answers: {
      200: {
        description: 'The webhook, and since when it has missed events.',
        schema: enabledWebhookSchema,
        example: { ...EXAMPLE_WEBHOOK, missedSince: '2026-11-16T04:12:00.000Z' },
      },
    },
    problems: MISSING,
  })
  enable(@Param('id', { schema: webhookId }) id: string): Promise<EnabledWebhook> {
    return this.webhooks.enable(id);
  }

  @Post(':id/rotate-secret')
  @Operation({
    id: 'rotateWebhookSecret',
    summary: 'Give a webhook a new secret',
    description:
      'It is shown in this answer and never again. The one before signs too for `WEBHOOK_SECRET_OVERLAP`, so that a ' +
      'receiver can change over without losing a request; of many rotations in that time, the last five secrets sign.',
    status: 200,
    answers: {
      200: {
        description: 'The new secret, shown only now.',
        schema: rotatedSecretSchema,
        example: { secret: EXAMPLE_SECRET, previousUntil: '2026-11-22T09:00:00.000Z' },
      },
    },
    problems: MISSING,
  })
  rotateSecret(@Param('id', { schema: webhookId }) id: string): Promise<RotatedSecret> {
    return this.webhooks.rotateSecret(id);
  }

  @Post(':id/test')
  @Operation({
    id: 'testWebhook',
    summary: 'Send a test to a webhook',
    description:
      'Sends a signed `webhook.test` now, once, even where the webhook is disabled, paused or limited, and shows what ' +
      'came of it. An endpoint that answers 410 is disabled, as always.',
    status: 200,
    answers: {
      200: {
        description: 'The attempt, good or bad.',
        schema: webhookTestSchema,
        example: EXAMPLE_TEST,
      },
    },
    problems: {
      ...MISSING,
      409: {
        when: 'Its secret was sealed with another SECRET_ENCRYPTION_KEY.',
        code: 'secret_unreadable',
        detail: `The secret of the webhook ${EXAMPLE_WEBHOOK.id} cannot be opened: SECRET_ENCRYPTION_KEY is not the one that it was sealed with. Set the former key again, or rotate the secret.`,
      },
    },
  })
  test(@Param('id', { schema: webhookId }) id: string): Promise<WebhookTestView> {
    return this.tests.test(id);
  }
}
