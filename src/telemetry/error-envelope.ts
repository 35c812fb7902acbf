import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { maskSecrets } from '../logging/mask-secrets.js';
import { errorMessage } from '../resilience/error-code.js';

/** An error, and where it happened. */
export interface Report {
  readonly error: unknown;
  /** A route, or a background process; never a path. */
  readonly transaction: string;
  readonly traceId?: string;
}

interface Circumstances {
  readonly dsn: string;
  readonly now: number;
  readonly environment: string;
}

/** Longer words are cut: they are for people. */
const WORDS_MOST = 2_000;

const FRAME = /^\s*at (?:(.+?) \()?(?:file:\/\/)?([^()]+?):(\d+):(\d+)\)?$/;

/** An error as an envelope: three lines of JSON, from which secrets are taken out. */
export function envelopeOf(
  { error, transaction, traceId }: Report,
  { dsn, now, environment }: Circumstances,
): string {
  const id = randomUUID().replaceAll('-', '');
  const event = {
    event_id: id,
    timestamp: now / 1000,
    platform: 'node',
    level: 'error',
    server_name: hostname(),
    environment,
    transaction,
    exception: { values: [exceptionOf(error)] },
    ...(traceId !== undefined && {
      contexts: { trace: { trace_id: traceId, span_id: traceId.slice(16) } },
      tags: { traceId },
    }),
  };
  const payload = maskSecrets(JSON.stringify(event));
  const header = { event_id: id, dsn, sent_at: new Date(now).toISOString() };
  const item = { type: 'event', content_type: 'application/json', length: Buffer.byteLength(payload) };
  return `${JSON.stringify(header)}\n${JSON.stringify(item)}\n${payload}\n`;
}

/** Its kind, words and stack; what libraries hang on their errors, a statement's parameters for one, is left out. */
function exceptionOf(error: unknown): object {
  const isObject = typeof error === 'object' && error !== null;
  const stack = isObject && 'stack' in error && typeof error.stack === 'string' ? error.stack : '';
  // Sentry wants the innermost call last.
  const frames = stack.split('\n').flatMap(frameOf).reverse();
  return {
    type: isObject ? error.constructor.name : typeof error,
    value: errorMessage(error).slice(0, WORDS_MOST),
    ...(frames.length > 0 && { stacktrace: { frames } }),
  };
}

function frameOf(line: string): object[] {
  const [, name, filename, lineno, colno] = FRAME.exec(line) ?? [];
  if (filename === undefined) return [];
  const isOurs = !filename.startsWith('node:') && !filename.includes('node_modules');
  return [{ function: name ?? '?', filename, lineno: Number(lineno), colno: Number(colno), in_app: isOurs }];
}
