import { applyDecorators, HttpCode } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { documented } from './api-documentation.js';
import { type HeaderName, headers } from './api-headers.js';
import { problem } from './problem.js';

interface Answer {
  readonly description: string;
  /** What the body looks like; absent for an answer without a body. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  /** Where the body is text and not JSON. */
  readonly mediaType?: string;
  readonly headers?: readonly HeaderName[];
}

interface PossibleProblem {
  /** When it happens. */
  readonly when: string;
  readonly code: string;
  /** An example of the sentence that the answer then has. */
  readonly detail: string;
}

interface OperationDescription {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The status of a success that does not set one itself. */
  readonly status: number;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What can go wrong here, beyond what can go wrong everywhere. */
  readonly problems?: Readonly<Record<number, PossibleProblem>>;
  readonly isPublic?: boolean;
  /** Routes outside the rate limits: probes. */
  readonly isUnlimited?: boolean;
}

/** Carries an operation's id, by which the document finds its handler again. */
export const OperationId = Reflector.createDecorator<string>();

type Problems = Readonly<Record<number, PossibleProblem>>;

type Response = Parameters<typeof ApiResponse>[0];

const EVERYWHERE: Problems = {
  400: {
    when: 'The request is not valid; `errors` says where and why.',
    code: 'validation_failed',
    detail: 'The request is not valid.',
  },
  500: {
    when: 'A fault of ours; `traceId` finds it in the logs.',
    code: 'internal_error',
    detail: 'Something went wrong on our side. The trace id finds it in the logs.',
  },
  503: {
    when: 'The database cannot be reached, is full or takes no writing, this process is shutting down, or it is maintenance.',
    code: 'database_unavailable',
    detail:
      'The database is not available at the moment. Try again; a request with an idempotency key is never done twice.',
  },
};

const WITH_KEY: Problems = {
  401: {
    when: 'No API key, or one that is unknown, expired or revoked.',
    code: 'api_key_invalid',
    detail: 'The API key is unknown, expired or revoked.',
  },
  403: {
    when: 'The API key lacks the scope.',
    code: 'scope_missing',
    detail: 'The API key lacks the scope.',
  },
};

const LIMITED: Problems = {
  429: {
    when: 'Too many requests; `Retry-After` says when to come back.',
    code: 'rate_limited',
    detail: 'More than 6000 requests to "messages" within the window. Try again in 12 s.',
  },
};

/** What can go wrong where a body is sent. */
export const BODY_PROBLEMS: Problems = {
  413: {
    when: 'The body is too large (HTTP_BODY_LIMIT).',
    code: 'body_too_large',
    detail: 'The body is larger than this server takes (HTTP_BODY_LIMIT).',
  },
  415: {
    when: 'The body is not JSON.',
    code: 'unsupported_media_type',
    detail: 'The body must be JSON: send Content-Type: application/json.',
  },
};

/** The problem of an identifier that nothing has. */
export function missing(what: string, id: string): Problems {
  const name = what.replace('_', ' ');
  return {
    404: {
      when: `There is no such ${name}.`,
      code: `${what}_not_found`,
      detail: `There is no ${what} ${id}.`,
    },
  };
}

/** Documents a handler completely: what it answers, with examples and headers, and every problem it can have. */
export function Operation(description: OperationDescription): MethodDecorator {
  const { id: operationId, summary, description: text } = description;
  return applyDecorators(
    HttpCode(description.status),
    OperationId(operationId),
    documented(({ ApiOperation, ApiResponse }) => [
      ApiOperation({ operationId, summary, ...(text && { description: text }) }),
      ...responsesOf(description).map((response) => ApiResponse(response)),
    ]),
  );
}

function responsesOf(description: OperationDescription): Response[] {
  const always: HeaderName[] = ['X-Request-Id'];
  if (!description.isUnlimited) always.push('RateLimit-Policy', 'RateLimit');
  const answers = Object.entries(description.answers).map(([status, answer]) =>
    answerResponse(Number(status), answer, always),
  );
  const problems = Object.entries({
    ...EVERYWHERE,
    ...(!description.isPublic && WITH_KEY),
    ...(!description.isUnlimited && LIMITED),
    ...description.problems,
  })
    .filter(([status]) => description.answers[Number(status)] === undefined)
    .map(([status, what]) => problemResponse(Number(status), what, always));
  return [...answers, ...problems];
}

function answerResponse(
  status: number,
  { description, schema, example, mediaType, headers: own }: Answer,
  always: readonly HeaderName[],
): Response {
  const described = { status, description, headers: headers(...always, ...(own ?? [])) };
  if (mediaType !== undefined) {
    const content = { [mediaType]: { schema: { type: 'string' }, example } };
    return { ...described, content } as Response;
  }
  return {
    ...described,
    ...(schema && { standardSchema: schema }),
    ...(example !== undefined && { example }),
  };
}

/** Answered before the requests of a caller are counted. */
const UNCOUNTED: readonly number[] = [401, 403, 413, 415];

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

function problemResponse(
  status: number,
  { when, code, detail }: PossibleProblem,
  always: readonly HeaderName[],
): Response {
  const names: HeaderName[] = UNCOUNTED.includes(status) ? ['X-Request-Id'] : [...always];
  if (status === 429 || status === 503) names.push('Retry-After');
  if (status === 401) names.push('WWW-Authenticate');
  const described = {
    status,
    description: when,
    headers: headers(...names),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: problem(status, code, detail, { instance: '/', traceId: TRACE_ID }),
      },
    },
  };
  // Nest's types know only the content types of @ApiProduces.
  return described as Response;
}
