import type { Dispatcher } from 'undici';
import type { Config } from '../../config/config.js';
import { retryAfter } from '../../resilience/retry-after.js';
import { AnswerExcerpt } from './answer-excerpt.js';
import { statusFailure, verdictOf } from './answer-verdict.js';
import type { AttemptResult } from './attempt-result.js';
import type { ConnectionState, ConnectionUser } from './connection.js';
import { abortedFailure, type Failure, networkFailure, timeoutFailure } from './network-failure.js';
import { maskHeaders } from './request-headers.js';

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What limits an exchange. */
export type ExchangeSettings = Pick<
  Config['webhooks'],
  'timeout' | 'answerLimit' | 'excerptLength' | 'retryAfterMax'
>;

/** What its result says of the request. */
export interface SentRequest {
  readonly url: URL;
  readonly maskedHeaders: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/**
 * One request and its answer, as undici tells of them: ends exactly once, with the end of the answer, its limit, the
 * deadline, an error, or because somebody breaks it off.
 */
export class Exchange implements ConnectionUser {
  connection: ConnectionState | null = null;
  private readonly began = performance.now();
  private readonly timer: NodeJS.Timeout;
  private readonly excerpt: AnswerExcerpt;
  private controller: Dispatcher.DispatchController | null = null;
  private status: number | null = null;
  private answerHeaders: AnswerHeaders = {};
  private received = 0;
  private isOver = false;

  constructor(
    private readonly settings: ExchangeSettings,
    private readonly request: SentRequest,
    private readonly done: (result: AttemptResult) => void,
  ) {
    this.excerpt = new AnswerExcerpt(settings.excerptLength);
    this.timer = setTimeout(() => this.expire(), settings.timeout);
  }

  /** Ends it where it stands, with its connection. */
  readonly breakOff = (): void => this.cut(abortedFailure());

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // It may have ended while it waited for its connection.
    if (this.isOver) controller.abort(new Error('The attempt is over.'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 102 and 103 say that the answer is yet to come.
    if (status < 200) return;
    this.status = status;
    this.answerHeaders = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return;
    const room = this.settings.answerLimit - this.received;
    this.received += chunk.length;
    this.excerpt.add(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (chunk.length <= room) return;
    // Who answers at too great a length has answered all the same: what counts is the status.
    this.excerpt.cut();
    this.cut(null);
  }

  onResponseEnd(): void {
    this.finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.isOver) return;
    this.excerpt.cut();
    this.finish(networkFailure(error, this.progress(), this.settings.timeout));
  }

  private expire(): void {
    this.cut(timeoutFailure(this.progress(), this.settings.timeout));
  }

  /** Ends it before its answer ended; nothing else can be sent through the connection then, so it goes too. */
  private cut(failure: Failure | null): void {
    if (this.isOver) return;
    this.excerpt.cut();
    this.finish(failure);
    this.controller?.abort(new Error('The attempt is over.'));
  }

  private progress() {
    return { url: this.request.url, connection: this.connection, status: this.status };
  }

  private finish(broken: Failure | null): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.done(this.result(broken));
  }

  /** @param broken why there is no complete answer; it then is worth another try, whatever its status was */
  private result(broken: Failure | null): AttemptResult {
    const { status, answerHeaders, request } = this;
    const failure =
      broken ?? (status === null ? null : statusFailure(status, textOf(answerHeaders.location)));
    const duration = Math.round(performance.now() - this.began);
    const answeredAt = request.startedAt + duration;
    return {
      startedAt: request.startedAt,
      duration,
      address: this.connection?.address ?? null,
      requestHeaders: request.maskedHeaders,
      status,
      responseHeaders: status === null ? null : maskHeaders(answerHeaders),
      bodyExcerpt: status === null ? null : this.excerpt.text(),
      verdict: broken !== null || status === null ? 'retry' : verdictOf(status),
      errorClass: failure?.errorClass ?? null,
      error: failure?.error ?? null,
      retryAfter: retryAfter(answerHeaders['retry-after'], answeredAt, this.settings.retryAfterMax),
      isOverloaded: status === 429 || status === 503,
    };
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
