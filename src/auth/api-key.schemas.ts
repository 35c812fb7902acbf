import { z } from 'zod';
import { pageOf, pageQuery } from '../http/pagination.js';
import { SCOPES } from './caller.js';

const scopeSchema = z.enum(SCOPES).describe('something that a key lets its holder do').meta({ id: 'Scope' });

export const createApiKeySchema = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .refine(
        (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
        'must be text without control characters',
      )
      .describe('whose key it is, or what it is for'),
    scopes: z.array(scopeSchema).min(1).max(SCOPES.length).describe('what its holder may do'),
    expiresAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('when it stops working; never, if absent'),
  })
  .meta({
    id: 'CreateApiKey',
    example: { name: 'shop', scopes: ['messages:write', 'messages:read'], expiresAt: '2031-01-01T00:00:00Z' },
  });

export type CreateApiKey = z.infer<typeof createApiKeySchema>;

export const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string().describe('whose key it is, or what it is for'),
    prefix: z.string().describe('the first characters of the key, to tell it from others'),
    scopes: z.array(scopeSchema).describe('what its holder may do'),
    createdAt: z.iso.datetime().describe('when it was made'),
    expiresAt: z.iso.datetime().nullable().describe('when it stops working; null: never'),
    lastUsedAt: z.iso.datetime().nullable().describe('to the minute or so (API_KEY_LAST_USE_INTERVAL)'),
  })
  .meta({ id: 'ApiKey' });

export type ApiKeyView = z.infer<typeof apiKeySchema>;

export const createdApiKeySchema = apiKeySchema
  .extend({ key: z.string().describe('the key itself: shown only now') })
  .meta({ id: 'CreatedApiKey' });

export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;

export const apiKeyPageSchema = pageOf(apiKeySchema, 'ApiKeyPage');

export const listApiKeysSchema = z.strictObject(pageQuery);

export type ListApiKeys = z.infer<typeof listApiKeysSchema>;

export const EXAMPLE_API_KEY: ApiKeyView = {
  id: '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
  name: 'shop',
  prefix: 'otk_p3Xq',
  scopes: ['messages:write', 'messages:read'],
  createdAt: '2026-11-21T09:00:00.000Z',
  expiresAt: '2031-01-01T00:00:00.000Z',
  lastUsedAt: null,
};
