import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTag } from '../http/api-documentation.js';
import { BODY_PROBLEMS, missing, Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { idOf } from '../http/path-parameters.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { Access } from './access.js';
import {
  type ApiKeyView,
  apiKeyPageSchema,
  type CreateApiKey,
  type CreatedApiKey,
  createApiKeySchema,
  createdApiKeySchema,
  EXAMPLE_API_KEY,
  type ListApiKeys,
  listApiKeysSchema,
} from './api-key.schemas.js';
import { ApiKeyService } from './api-key.service.js';

@ApiTag('API keys')
@Controller('api/api-keys')
@RateLimit('keys')
@Access('keys:manage')
export class ApiKeyController {
  constructor(private readonly keys: ApiKeyService) {}

  @Post()
  @Operation({
    id: 'createApiKey',
    summary: 'Make an API key',
    description:
      'The key is shown in this answer and never again: only a hash of it is kept. It may have any scope, also those that ' +
      "the caller lacks: whoever has `keys:manage` can do all that the administrator's key can.",
    status: 201,
    answers: {
      201: {
        description: 'The key, shown only now.',
        schema: createdApiKeySchema,
        example: { ...EXAMPLE_API_KEY, key: 'otk_p3XqYV0sSxJgH1mOe7bN4cRzKd9uTfWlA6iQhE2vBk8' },
      },
    },
    problems: BODY_PROBLEMS,
  })
  create(@Body({ schema: createApiKeySchema }) body: CreateApiKey): Promise<CreatedApiKey> {
    return this.keys.create(body);
  }

  @Get()
  @Operation({
    id: 'listApiKeys',
    summary: 'List the API keys',
    description: 'Newest first, without those that were revoked.',
    status: 200,
    answers: {
      200: {
        description: 'A page of keys.',
        schema: apiKeyPageSchema,
        example: { data: [EXAMPLE_API_KEY], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listApiKeysSchema }) query: ListApiKeys): Promise<Page<ApiKeyView>> {
    return this.keys.list(query);
  }

  @Delete(':id')
  @Operation({
    id: 'revokeApiKey',
    summary: 'Revoke an API key',
    description:
      'It stops working in this process at once, and in every other as soon as it hears of it, at the latest after API_KEY_CACHE_TTL (at most 5 s).',
    status: 204,
    answers: { 204: { description: 'Revoked.' } },
    problems: missing('api_key', EXAMPLE_API_KEY.id),
  })
  revoke(@Param('id', { schema: idOf('API key', EXAMPLE_API_KEY.id) }) id: string): Promise<void> {
    return this.keys.revoke(id);
  }
}
