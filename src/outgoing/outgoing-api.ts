import { type CircuitBreakerPolicy, ConsecutiveBreaker, circuitBreaker, handleWhen, wrap } from 'cockatiel';
import { Agent, request } from 'undici';
import type { Config } from '../config/config.js';
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
   * @throws OutgoingError, or that the breaker is open
   */
  async post(url: string, body: unknown): Promise<void> {
    await this.policy.execute(() => this.postOnce(url, JSON.stringify(body)));
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async postOnce(url: string, body: string): Promise<void> {
    const { status, waits, text } = await this.send(url, body);
    if (status >= 200 && status < 300) return;
    const isLater = status >= 500 || status === 408 || status === 425 || status === 429;
    throw new OutgoingError(`${this.name} answered ${status}: ${text.slice(0, EXCERPT)}`, isLater, waits);
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
      const text = await answer.text();
      return {
        status: statusCode,
        waits: retryAfter(headers['retry-after'], Date.now(), LONGEST_WAIT),
        text,
      };
    } catch (error) {
      throw networkError(this.name, given.signal.aborted ? given.signal.reason : error);
    } finally {
      clearTimeout(timer);
    }
  }
}
