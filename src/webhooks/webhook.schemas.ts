import { z } from 'zod';
import { pageOf, pageQuery } from '../http/pagination.js';
import { attemptSchema, EXAMPLE_ATTEMPT } from './attempt.schemas.js';
import { subscribedTypesSchema } from './subscribed-types.js';
import { DISABLED_REASONS } from './webhook.entity.js';
import { headersSchema } from './webhook-headers.js';

const DESCRIPTION_LIMIT = 500;

/** Whether an endpoint can be there is decided with the settings at hand: see checkEndpointUrl. */
const urlSchema = z
  .string()
  .refine((text) => text.isWellFormed() && !/[\p{Cc}\s]/u.test(text), 'must be a URL, without spaces')
  .meta({ description: 'where events are sent: https://, not a private address', maxLength: 2048 });

const descriptionSchema = z
  .string()
  .trim()
  .max(DESCRIPTION_LIMIT)
  .refine(
    (text) => text.isWellFormed() && !/(?![\n\t])\p{Cc}/u.test(text),
    'must be text without control characters',
  )
  .nullable()
  .describe('what it is for');

const rateLimitSchema = z
  .int()
  .min(1)
  .max(10_000)
  .nullable()
  .describe('most requests a second; null: as many as there are');

const orderedSchema = z
  .boolean()
  .describe('whether the events of one conversation are told strictly one after the other');

export const createWebhookSchema = z
  .strictObject({
    url: urlSchema,
    eventTypes: subscribedTypesSchema.nullable().optional().describe('what it is told of; null: everything'),
    description: descriptionSchema.optional(),
    headers: headersSchema.optional(),
    rateLimitPerSecond: rateLimitSchema.optional(),
    ordered: orderedSchema.optional(),
  })
  .meta({
    id: 'CreateWebhook',
    example: {
      url: 'https://shop.example.com/otklik',
      eventTypes: ['message.*', 'conversation.closed'],
      description: 'The order system',
      headers: { 'X-Tenant': 'shop-42', Authorization: 'Bearer 5f1c7a' },
      rateLimitPerSecond: 50,
      ordered: true,
    },
  });

export type CreateWebhook = z.infer<typeof createWebhookSchema>;

export const changeWebhookSchema = z
  .strictObject({
    url: urlSchema.optional(),
    eventTypes: subscribedTypesSchema.nullable().optional().describe('what it is told of; null: everything'),
    description: descriptionSchema.optional(),
    headers: headersSchema.optional().describe('all of them: those that are left out are gone'),
    rateLimitPerSecond: rateLimitSchema.optional(),
    ordered: orderedSchema.optional(),
    enabled: z
      .boolean()
      .optional()
      .describe(
        'false: nothing is sent, and what happens is missed; true: as with enable, which also answers since when',
      ),
  })
  .meta({ id: 'ChangeWebhook', example: { eventTypes: ['message.received'], rateLimitPerSecond: null } });

export type ChangeWebhook = z.infer<typeof changeWebhookSchema>;

export const webhookSchema = z
  .object({
    id: z.uuid(),
    url: z.string().describe('where events are sent'),
    description: z.string().nullable().describe('what it is for'),
    eventTypes: z
      .array(z.string())
      .nullable()
      .describe('what it is told of: event types, or message.* for all of a kind; null: everything'),
    headers: z
      .record(z.string(), z.string())
      .describe('sent with each request; what looks like a secret is shown as ***'),
    rateLimitPerSecond: z.int().nullable().describe('most requests a second; null: as many as there are'),
    ordered: orderedSchema,
    enabled: z.boolean().describe('whether it is sent anything'),
    disabledAt: z.iso
      .datetime()
      .nullable()
      .describe('since when it is not; what happens meanwhile is missed'),
    disabledReason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .describe('manual: by a person; gone: it answered 410; failing: nothing but failures for long'),
    health: z
      .object({
        failingSince: z.iso.datetime().nullable().describe('since when no attempt has succeeded'),
        consecutiveFailures: z.int().describe('how many attempts in a row say that it is down'),
        blockedUntil: z.iso
          .datetime()
          .nullable()
          .describe('nothing is sent before: it failed too often, or asked for time'),
      })
      .describe('how it does'),
    createdAt: z.iso.datetime().describe('when it was made'),
    updatedAt: z.iso.datetime().describe('when it was last changed'),
  })
  .meta({ id: 'Webhook' });

export type WebhookView = z.infer<typeof webhookSchema>;

const secretSchema = z
  .string()
  .describe('what requests to it are signed with (Standard Webhooks): shown only now');

export const createdWebhookSchema = webhookSchema
  .extend({ secret: secretSchema })
  .meta({ id: 'CreatedWebhook' });

export type CreatedWebhook = z.infer<typeof createdWebhookSchema>;

export const enabledWebhookSchema = webhookSchema
  .extend({
    missedSince: z.iso
      .datetime()
      .nullable()
      .describe(
        'the `since` of a replay of what it missed, also of what had happened before `disabledAt` and was not on its ' +
          'way yet; null: it was enabled already',
      ),
  })
  .meta({ id: 'EnabledWebhook' });

export type EnabledWebhook = z.infer<typeof enabledWebhookSchema>;

export const rotatedSecretSchema = z
  .object({
    secret: secretSchema,
    previousUntil: z.iso
      .datetime()
      .nullable()
      .describe('until when the one before it signs too (WEBHOOK_SECRET_OVERLAP); null: no more'),
  })
  .meta({ id: 'RotatedSecret' });

export type RotatedSecret = z.infer<typeof rotatedSecretSchema>;

export const webhookTestSchema = z
  .object({
    delivery: z
      .object({
        id: z.uuid(),
        status: z.enum(['delivered', 'failed']).describe('whether the endpoint took it'),
      })
      .describe('the delivery of the webhook.test'),
    attempt: attemptSchema.describe('the one request that was sent'),
  })
  .meta({ id: 'WebhookTest' });

export type WebhookTestView = z.infer<typeof webhookTestSchema>;

export const webhookPageSchema = pageOf(webhookSchema, 'WebhookPage');

export const listWebhooksSchema = z.strictObject(pageQuery);

export type ListWebhooks = z.infer<typeof listWebhooksSchema>;

export const EXAMPLE_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDnyRyJzJ2mMk=';

export const EXAMPLE_WEBHOOK: WebhookView = {
  id: '019aa5c6-7b44-7d10-8e2f-4a5b6c7d8e9f',
  url: 'https://shop.example.com/otklik',
  description: 'The order system',
  eventTypes: ['message.*', 'conversation.closed'],
  headers: { 'X-Tenant': 'shop-42', Authorization: '***' },
  rateLimitPerSecond: 50,
  ordered: true,
  enabled: true,
  disabledAt: null,
  disabledReason: null,
  health: { failingSince: null, consecutiveFailures: 0, blockedUntil: null },
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:00:00.000Z',
};

export const EXAMPLE_TEST: WebhookTestView = {
  delivery: { id: '019aa5c6-7b45-7f20-9a3b-5c6d7e8f9a0b', status: 'delivered' },
  attempt: EXAMPLE_ATTEMPT,
};
