import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ConnectionError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { RecentWrites } from '../database/replicas/recent-writes.js';
import { DomainError } from '../errors/domain-error.js';
import type { Log } from '../logging/log.js';
import { requestContext } from '../logging/request-context.js';
import type {} from './fastify-request.js';
import { parseJsonStrictly } from './json-bodies.js';
import { tellOfWrites } from './own-writes.js';
import { serveProbesAlone } from './probes-alone.js';
import { PROBLEM_TYPE, problem, titleOf } from './problem.js';
import { screenRequest } from './request-screening.js';
import { securityHeaders } from './security-headers.js';
import { ShutdownGate } from './shutdown-gate.js';
import { traceContext } from './trace-context.js';

/** Node's errors of the HTTP parser that have a status of their own. */
const UNREADABLE: Readonly<Record<string, [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive (HTTP_REQUEST_TIMEOUT).'],
};

/** Fastify, set up the way every request meets it first. */
export function createHttpAdapter(settings: Config['http']): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: settings.bodyLimit,
    requestTimeout: settings.requestTimeout,
    keepAliveTimeout: settings.keepAlive,
    trustProxy: settings.trustProxy.length > 0 ? [...settings.trustProxy] : false,
    routerOptions: { maxParamLength: 512 },
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: refuseUnroutable,
    clientErrorHandler: refuseUnreadable,
    // Refused by the gate instead, with a problem as its body.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  });
}

/** What a start need not load: routes have no schemas of Fastify's, because zod checks requests. */
function noCompiler(): () => never {
  return () => {
    throw new Error('Fastify was given a schema. Give it to the handler instead: @Body({ schema }).');
  };
}

/** A request whose URL cannot be decoded meets no hook and no filter: it is answered here. */
function refuseUnroutable(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { traceId, requestId } = traceContext(request.headers);
  const instance = request.raw.url?.split('?', 1)[0] ?? '/';
  void reply
    .status(400)
    .headers({ ...securityHeaders(instance), 'x-request-id': requestId, 'content-type': PROBLEM_TYPE })
    .send(JSON.stringify(problem(400, 'malformed_request', error.message, { instance, traceId })));
}

/** What is not HTTP, or has headers too large or too slow to come: the answer is written on the bare socket. */
function refuseUnreadable(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const [status, detail] = UNREADABLE[error.code] ?? [400, 'The request is not HTTP/1.1.'];
  const { traceId } = traceContext({});
  const body = JSON.stringify(problem(status, 'malformed_request', detail, { instance: '/', traceId }));
  socket.end(
    `HTTP/1.1 ${status} ${titleOf(status)}\r\nContent-Type: ${PROBLEM_TYPE}\r\nX-Request-Id: ${traceId}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** What every request passes before its route: trace, security headers, CORS, screening, strict JSON, one log line. */
export async function setUpRequests(
  application: NestFastifyApplication,
  config: Config,
  log: Log,
): Promise<void> {
  const gate = application.get(ShutdownGate);
  const fastify = application.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  traceRequests(fastify, log);
  fastify.addHook('onRequest', (_request, reply, next) => {
    // Whoever would send the next request over the same connection finds another process instead.
    if (!gate.isOpen) void reply.header('connection', 'close');
    next(gate.refusal());
  });
  // What ran when the shutdown began was answered on a connection that would stay open and hold the process.
  fastify.addHook('onResponse', (request, _reply, next) => {
    if (gate.isClosed) request.raw.socket.end();
    next();
  });
  if (!config.process.roles.includes('api')) serveProbesAlone(fastify);
  if (config.http.corsOrigins.length > 0) await allowOrigins(fastify, config.http.corsOrigins);
  fastify.addHook('onRequest', (request, _reply, next) => {
    const fault = screenRequest(request.raw.url ?? '', request.headers);
    if (!fault) return next();
    next(
      new DomainError(
        'invalid',
        'request_screened',
        `The request was refused: ${fault.path} ${fault.message}.`,
        { errors: [fault] },
      ),
    );
  });
  parseJsonStrictly(fastify);
  tellOfWrites(fastify, application.get(RecentWrites));
}

function traceRequests(fastify: FastifyInstance, log: Log): void {
  fastify.decorateRequest('trace');
  fastify.decorateRequest('caller');
  fastify.addHook('onRequest', (request, reply, next) => {
    request.trace = traceContext(request.headers);
    void reply
      .header('x-request-id', request.trace.requestId)
      .headers(securityHeaders(request.raw.url ?? ''));
    next();
  });
  // Entered once the body has been read: reading it leaves the asynchronous context that it began in.
  fastify.addHook('preHandler', (request, _reply, next) => {
    // Who is calling is known later. The request itself stays out: timers and connections that begin in it live longer.
    requestContext.run({ ...request.trace, origin: { ip: request.ip, caller: undefined } }, next);
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
        callerName: request.caller?.name,
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
