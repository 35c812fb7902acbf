import {
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
  wrap,
} from 'cockatiel';
import { Agent, type Dispatcher, request } from 'undici';
import type { Config } from '../config/config.js';
import { errorMessage } from '../resilience/error-code.js';
import { retryAfter } from '../resilience/retry-after.js';
import { retryPolicy } from '../resilience/retry-policy.js';
import { isTemporary, isWorthRetrying, networkError, OutgoingError } from './outgoing-error.js';

interface Limits {
  /** The deadline of one request, in milliseconds. */
  readonly timeout: number;
  /** After so many failures in a row it is left alone for `breakerPause` milliseconds. */
  readonly breakerFailures: number;
  readonly breakerPause: number;
  readonly retry: Config['retry'];
}

/** The longest wait that a service can ask for, in milliseconds. */
const LONGEST_WAIT = 3_600_000;

/** How much of an answer is told in an error, in characters. */
const EXCERPT = 200;

/**
 * A service of somebody else's, called over HTTP: with a deadline, the one retry policy, and a circuit breaker, so that
 * one that is down is not called again and again.
 */
export class OutgoingApi {
  private readonly agent: Agent;
  private readonly breaker: CircuitBreakerPolicy;
  private lastFailure = '';
  private readonly policy: { execute<T>(work: () => Promise<T>): Promise<T> };

  /** @param name for people */
  constructor(
    private readonly name: string,
    private readonly limits: Limits,
  ) {
    this.agent = new Agent({ connections: 2, connect: { timeout: limits.timeout } });
    this.breaker = circuitBreaker(handleWhen(isTemporary), {
      breaker: new ConsecutiveBreaker(limits.breakerFailures),
      halfOpenAfter: limits.breakerPause,
    });
    this.policy = wrap(retryPolicy(limits.retry, isWorthRetrying), this.breaker);
  }

  /**
   * Posts JSON.
   *
   * @throws OutgoingError, also where it is left alone: with what it failed with before
   */
  async post(url: string, body: unknown): Promise<void> {
    try {
      await this.policy.execute(() => this.postOnce(url, JSON.stringify(body)));
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new OutgoingError(`${this.name} is left alone for a while: ${this.lastFailure}`, true);
    }
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async postOnce(url: string, body: string): Promise<void> {
    try {
      const { status, waits, text } = await this.send(url, body);
      if (status >= 200 && status < 300) return;
      const isLater = status >= 500 || status === 408 || status === 425 || status === 429;
      throw new OutgoingError(`${this.name} answered ${status}: ${text}`, isLater, waits);
    } catch (error) {
      this.lastFailure = errorMessage(error);
      throw error;
    }
  }

  private async send(url: string, body: string) {
    const given = new AbortController();
    const timer = setTimeout(
      () => given.abort(new Error(`no answer within ${this.limits.timeout} ms`)),
      this.limits.timeout,
    );
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'Otklik' },
        body,
        dispatcher: this.agent,
        signal: given.signal,
      });
      const isTaken = statusCode >= 200 && statusCode < 300;
      return {
        status: statusCode,
        waits: retryAfter(headers['retry-after'], Date.now(), LONGEST_WAIT),
        text: isTaken ? passOver(answer) : await beginningOf(answer),
      };
    } catch (error) {
      throw networkError(this.name, given.signal.aborted ? given.signal.reason : error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whatever it says, and however slowly: what was asked for is done. */
function passOver(answer: Dispatcher.ResponseData['body']): string {
  answer.on('error', () => undefined).destroy();
  return '';
}

async function beginningOf(answer: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) {
    text += part;
    if (text.length >= EXCERPT) break;
  }
  return text.slice(0, EXCERPT);
}
