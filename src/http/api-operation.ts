import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { problem, problemSchema } from './problem.js';

interface Answer {
  readonly description: string;
  /** What the body looks like; absent for an answer without a body. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  readonly headers?: Readonly<Record<string, HeaderDescription>>;
}

interface HeaderDescription {
  readonly description: string;
  readonly schema: { readonly type: 'string' | 'integer' };
}

interface OperationDescription {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The status of a success that does not set one itself. */
  readonly status: number;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What can go wrong here, beyond what can go wrong everywhere: status, and when. */
  readonly problems?: Readonly<Record<number, string>>;
  readonly isPublic?: boolean;
  /** Routes outside the rate limits: probes. */
  readonly isUnlimited?: boolean;
}

const EVERYWHERE: Readonly<Record<number, string>> = {
  400: 'The request is not valid; `errors` says where and why.',
  500: 'A fault of ours; `traceId` finds it in the logs.',
  503: 'The database cannot be reached, or this process is shutting down.',
};

const WITH_KEY: Readonly<Record<number, string>> = {
  401: 'No API key, or one that is unknown, expired or revoked.',
  403: 'The API key lacks the scope.',
};

const LIMITED: Readonly<Record<number, string>> = {
  429: 'Too many requests; `Retry-After` says when to come back.',
};

const REQUEST_ID = {
  'X-Request-Id': {
    description: "the caller's own, or the trace id: finds the request in the logs",
    schema: { type: 'string' },
  },
} as const;

const RATE_LIMIT = {
  'RateLimit-Policy': { description: 'the limits that apply (IETF draft)', schema: { type: 'string' } },
  RateLimit: { description: 'what is left of them', schema: { type: 'string' } },
} as const;

const RETRY_AFTER = {
  'Retry-After': { description: 'seconds to wait', schema: { type: 'integer' } },
} as const;

/** Documents a handler completely: what it answers, with examples and headers, and every problem it can have. */
export function Operation(description: OperationDescription): MethodDecorator {
  const always = { ...REQUEST_ID, ...(!description.isUnlimited && RATE_LIMIT) };
  const answers = Object.entries(description.answers).map(([status, answer]) =>
    ApiResponse({
      status: Number(status),
      description: answer.description,
      headers: { ...always, ...answer.headers },
      ...(answer.schema && { standardSchema: answer.schema }),
      ...(answer.example !== undefined && { example: answer.example }),
    }),
  );
  const problems = Object.entries({
    ...EVERYWHERE,
    ...(!description.isPublic && WITH_KEY),
    ...(!description.isUnlimited && LIMITED),
    ...description.problems,
  }).map(([status, meaning]) => problemResponse(Number(status), meaning));
  return applyDecorators(
    HttpCode(description.status),
    ApiOperation({
      operationId: description.id,
      summary: description.summary,
      ...(description.description && { description: description.description }),
    }),
    ...answers,
    ...problems,
    ...(description.isPublic ? [] : [ApiBearerAuth('apiKey')]),
  );
}

const CODES: Readonly<Record<number, string>> = {
  400: 'validation_failed',
  401: 'api_key_invalid',
  403: 'scope_missing',
  404: 'message_not_found',
  409: 'conversation_closed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  422: 'idempotency_key_reused',
  429: 'rate_limited',
  500: 'internal_error',
  503: 'database_unavailable',
};

function problemResponse(status: number, meaning: string): MethodDecorator & ClassDecorator {
  return ApiResponse({
    status,
    description: meaning,
    headers: { ...REQUEST_ID, ...((status === 429 || status === 503) && RETRY_AFTER) },
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: problem(
          status,
          CODES[status] ?? 'error',
          meaning,
          { instance: '/api/messages', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
          status === 400 ? [{ path: 'content', message: 'must have 1 to 10,000 characters' }] : undefined,
        ),
      },
    },
  } as never);
}

/** Schemas that the document needs although no handler returns them. */
export const SHARED_SCHEMAS = [problemSchema];
