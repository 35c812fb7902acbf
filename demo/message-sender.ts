import { type AcceptedMessage, readAcceptedMessage, readProblemDetail } from './answers.js';
import type { ApiAnswer, ApiRequest } from './api-connections.js';
import type { DemoMessage } from './demo-messages.js';
import { type CallPorts, callPatiently } from './patient-call.js';

/** What became of one message, retries included. */
export type SendingOutcome =
  | { readonly kind: 'accepted'; readonly message: AcceptedMessage; readonly latencyMs: number }
  | {
      readonly kind: 'replayed';
      readonly message: AcceptedMessage;
      readonly reason: string;
      readonly latencyMs: number;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string }
  | { readonly kind: 'gaveUp'; readonly detail: string };

export interface Sending {
  readonly outcome: SendingOutcome;
  /** Requests beyond the first that a fault or a "come back later" made necessary. */
  readonly retries: number;
}

function interpret(answer: ApiAnswer, latencyMs: number): SendingOutcome {
  const { status, body } = answer;
  if (status !== 200 && status !== 201) {
    return { kind: 'refused', status, detail: readProblemDetail(status, body) };
  }
  const message = readAcceptedMessage(body);
  if (message === null) return { kind: 'refused', status, detail: `HTTP ${status}, but no message in it` };
  if (status === 201) return { kind: 'accepted', message, latencyMs };
  const replayed = answer.headers['idempotent-replayed'] === 'true';
  const reason = message.duplicate?.reason ?? 'no reason given';
  return { kind: 'replayed', message, reason: replayed ? reason : `${reason} (not marked)`, latencyMs };
}

function toRequest(message: DemoMessage, runId: string): ApiRequest {
  return {
    method: 'POST',
    path: '/api/messages',
    headers: message.keyed ? { 'idempotency-key': `demo-${runId}-${message.row}` } : {},
    body: JSON.stringify({
      clientId: message.clientId,
      content: message.text,
      channel: 'api',
      ...(message.language === null ? {} : { client: { language: message.language } }),
      metadata: { demoRun: runId, row: message.row },
    }),
  };
}

/**
 * Sends one message until the server has decided about it. A retry repeats the very same request: its key
 * (or, without one, the server's five-second look at equal content) keeps it from becoming two messages.
 */
export async function sendMessage(
  message: DemoMessage,
  runId: string,
  ports: CallPorts,
  signal?: AbortSignal,
): Promise<Sending> {
  const result = await callPatiently(toRequest(message, runId), ports, signal);
  const outcome: SendingOutcome =
    result.kind === 'gaveUp'
      ? { kind: 'gaveUp', detail: result.fault }
      : interpret(result.answer, result.latencyMs);
  return { outcome, retries: result.retries };
}
