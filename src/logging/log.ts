import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config/config.js';
import { errorCode, errorMessage } from '../resilience/error-code.js';
import { maskSecrets } from './mask-secrets.js';
import { requestContext } from './request-context.js';

/** Where lines of the log go; a pino logger. */
export type Log = Logger;

/** Injection token of the process's log. */
export const LOG = Symbol('Log');

/**
 * The process's log: JSON, one line an entry, or pretty for a person in a terminal. Every line has the trace id
 * of the request it belongs to, and no line has a secret.
 */
export async function createLog(settings: Config['log']): Promise<Log> {
  const pretty = settings.format === 'pretty' || (settings.format === 'auto' && process.stdout.isTTY);
  return logTo(pretty ? await prettyStream() : bufferedStdout(settings.flushInterval), settings.level);
}

/** A log that writes to the given stream; for the process's log and for tests that read what was logged. */
export function logTo(stream: DestinationStream, level: Config['log']['level']): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const context = requestContext.getStore();
        return context ? { traceId: context.traceId, requestId: context.requestId } : {};
      },
      serializers: { err: describeError },
      hooks: { streamWrite: maskSecrets },
    },
    stream,
  );
}

/**
 * What is told of an error: no more than its kind, code, words and stack. Libraries hang a statement's parameters, and
 * with them what customers wrote, or a whole connection on theirs.
 */
function describeError(error: unknown): object {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  return {
    type: error.constructor.name,
    code: errorCode(error),
    message: errorMessage(error),
    stack: 'stack' in error ? error.stack : undefined,
    ...('cause' in error && { cause: describeError(error.cause) }),
  };
}

/**
 * Standard output, written 4 KiB at a time, and what is left after a moment: a write for each line took a tenth of the
 * time of an ingest. A `kill -9` can take the last moment's lines with it; any other end writes them out.
 */
function bufferedStdout(flushInterval: number): DestinationStream {
  return destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: flushInterval });
}

async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ translateTime: 'SYS:HH:MM:ss', ignore: 'traceId,requestId', singleLine: true, sync: true });
}

/** Nest's own words in our log; its start-up chatter only at level debug. */
export class NestLog implements LoggerService {
  constructor(private readonly root: Log) {}

  log(message: unknown, context?: string): void {
    this.root.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.root.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.root.error({ context, stack }, String(message));
  }

  debug(message: unknown, context?: string): void {
    this.root.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.root.trace({ context }, String(message));
  }

  fatal(message: unknown, context?: string): void {
    this.root.fatal({ context }, String(message));
  }
}
