import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isConflict, isUnavailable } from '../database/database-errors.js';
import { DomainError, databaseUnavailable } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { Observations } from '../observations/observations.js';
import { errorCode, errorMessage } from '../resilience/error-code.js';
import { PROBLEM_TYPE, type Problem, problem, STATUS_OF_KIND } from './problem.js';

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: Problem['errors'];
  readonly retryAfterSeconds?: number;
}

/** Fastify's own refusals, in our words. */
const FASTIFY_REFUSALS: Readonly<Record<string, { code: string; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    detail: 'The body is larger than this server takes (HTTP_BODY_LIMIT).',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail:
      'The body must be JSON, and not compressed: send Content-Type: application/json, no Content-Encoding.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'malformed_json', detail: 'The body is empty; JSON was expected.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'malformed_json', detail: 'The body is not JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed_request',
    detail: 'The body is not as long as Content-Length says.',
  },
};

/** Turns whatever was thrown into the one form of errors. The only place that knows both worlds. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(LOG) private readonly log: Log,
    private readonly observations: Observations,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const refusal = this.refusalOf(error, request);
    // In maintenance, every write would be a line.
    if (refusal.status >= 500 && refusal.code !== 'maintenance')
      this.log[refusal.status === 503 ? 'warn' : 'error']({ err: error }, refusal.detail);
    if (refusal === INTERNAL) {
      const { method, routeOptions, trace } = request;
      const route = routeOptions.url ?? 'unknown';
      this.observations.tell('requestFailed', { error, method, route, traceId: trace.traceId });
    }
    if (reply.sent) return;
    if (refusal.retryAfterSeconds !== undefined) {
      void reply.header('retry-after', String(Math.max(1, Math.ceil(refusal.retryAfterSeconds))));
    }
    if (refusal.status === 401) void reply.header('www-authenticate', 'Bearer realm="otklik"');
    const instance = request.url.split('?', 1)[0] ?? '/';
    const body = problem(
      refusal.status,
      refusal.code,
      refusal.detail,
      { instance, traceId: request.trace.traceId },
      refusal.errors,
    );
    void reply.status(refusal.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(body));
  }

  private refusalOf(error: unknown, request: FastifyRequest): Refusal {
    if (error instanceof DomainError) {
      const { errors, retryAfterSeconds } = error.more;
      return {
        status: STATUS_OF_KIND[error.kind],
        code: error.code,
        detail: error.message,
        ...(errors && { errors: [...errors] }),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      };
    }
    if (isUnavailable(error) || isConflict(error)) return this.refusalOf(databaseUnavailable(), request);
    return protocolRefusal(error, request) ?? INTERNAL;
  }
}

const INTERNAL: Refusal = {
  status: 500,
  code: 'internal_error',
  detail: 'Something went wrong on our side. The trace id finds it in the logs.',
};

function protocolRefusal(error: unknown, request: FastifyRequest): Refusal | undefined {
  const status = statusOf(error);
  if (status === undefined || status >= 500) return undefined;
  const known = FASTIFY_REFUSALS[errorCode(error) ?? errorCode(causeOf(error)) ?? ''];
  if (known) return { status, ...known };
  if (status === 404) {
    const path = request.url.split('?', 1)[0];
    return { status, code: 'not_found', detail: `There is no ${request.method} ${path}. See /docs.` };
  }
  const isJsonError = error instanceof SyntaxError || errorMessage(error).includes('JSON');
  return { status, code: isJsonError ? 'malformed_json' : 'malformed_request', detail: errorMessage(error) };
}

/** Nest wraps what Fastify refuses, and keeps Fastify's error as the cause. */
function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
