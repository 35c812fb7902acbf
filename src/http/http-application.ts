import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.js';
import { DomainError } from '../errors/domain-error.js';
import type { Log } from '../logging/log.js';
import { requestContext } from '../logging/request-context.js';
import { errorCode } from '../resilience/error-code.js';
import type {} from './fastify-request.js';
import type { ProblemFilter } from './problem.filter.js';
import { screenRequest } from './request-screening.js';
import { traceContext } from './trace-context.js';

const PORTS_TO_TRY = 100;

/** The port that Otklik should listen on belongs to somebody else. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/** Fastify, set up the way every request meets it first. */
export function createHttpAdapter(settings: Config['http']): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: settings.bodyLimit,
    requestTimeout: settings.requestTimeout,
    keepAliveTimeout: settings.keepAlive,
    trustProxy: settings.trustProxy.length > 0 ? [...settings.trustProxy] : false,
    routerOptions: { maxParamLength: 512 },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
}

/** What every request passes before its route: trace, security headers, CORS, screening, strict JSON, one log line. */
export async function setUpRequests(
  application: NestFastifyApplication,
  config: Config,
  log: Log,
  problems: ProblemFilter,
): Promise<void> {
  const fastify = application.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  traceRequests(fastify, log);
  await fastify.register(helmet, {
    // Swagger UI has inline styles and draws its icons from data URLs.
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        upgradeInsecureRequests: null,
      },
    },
  });
  if (config.http.corsOrigins.length > 0) await allowOrigins(fastify, config.http.corsOrigins);
  fastify.addHook('onRequest', (request, _reply, next) => {
    const fault = screenRequest(request.raw.url ?? '', request.headers);
    if (!fault) return next();
    next(
      new DomainError(
        'invalid',
        'request_screened',
        `The request was refused: ${fault.path} ${fault.message}.`,
        {
          errors: [fault],
        },
      ),
    );
  });
  parseJsonStrictly(fastify);
  fastify.setErrorHandler((error, request, reply) => problems.answer(error, request, reply));
}

function traceRequests(fastify: FastifyInstance, log: Log): void {
  fastify.decorateRequest('trace');
  fastify.decorateRequest('caller');
  fastify.addHook('onRequest', (request, reply, next) => {
    request.trace = traceContext(request.headers);
    void reply.header('x-request-id', request.trace.requestId);
    next();
  });
  // Entered once the body has been read: reading it leaves the asynchronous context that it began in.
  fastify.addHook('preHandler', (request, _reply, next) => {
    requestContext.run(request.trace, next);
  });
  fastify.addHook('onResponse', (request, reply, next) => {
    const route = request.routeOptions.url;
    const isProbe = route?.startsWith('/health') ?? false;
    log[isProbe ? 'debug' : 'info'](
      {
        ...request.trace,
        method: request.method,
        route: route ?? 'unknown',
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 100) / 100,
        caller: request.caller?.name,
      },
      'request',
    );
    next();
  });
}

async function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): Promise<void> {
  await fastify.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['x-request-id', 'idempotent-replayed', 'ratelimit', 'ratelimit-policy', 'retry-after'],
    maxAge: 600,
  });
}

/** Bodies are JSON in UTF-8 and nothing else: bytes that are no text are refused, not replaced by question marks. */
function parseJsonStrictly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isUtf8(body)) {
      void parse(request, body.toString('utf8'), done);
      return;
    }
    done(new DomainError('invalid', 'malformed_json', 'The body is not UTF-8.'), undefined);
  });
}

/**
 * Begins to listen.
 *
 * @returns the address that people open
 * @throws PortTakenError where the port is taken and no other was asked for
 */
export async function listen(
  application: INestApplication,
  { host, port, portIfTaken }: Config['http'],
): Promise<string> {
  const last = portIfTaken === 'next' && port !== 0 ? Math.min(port + PORTS_TO_TRY, 65_535) : port;
  for (let candidate = port; candidate <= last; candidate++) {
    try {
      await application.listen(candidate, host);
      return addressOf(application, host);
    } catch (error) {
      if (errorCode(error) === 'EACCES') {
        throw new PortTakenError(
          `Port ${candidate} needs more rights than this user has. Set PORT to one above 1023.`,
        );
      }
      if (errorCode(error) !== 'EADDRINUSE') throw error;
    }
  }
  throw new PortTakenError(
    `Port ${port} on ${host} is taken. Set PORT to another one, or PORT_IF_TAKEN=next to take the next free one.`,
  );
}

function addressOf(application: INestApplication, host: string): string {
  const address = application.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : '';
  const name = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return `http://${name}:${port}`;
}

/** Answers 503 to what still comes in while the process shuts down, and lets what runs finish. */
export async function drain(application: INestApplication): Promise<void> {
  const server = application.getHttpServer();
  if (!server.listening) return;
  const closed = once(server, 'close');
  await application.close();
  await closed;
}
