import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, Pool } from 'undici';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { productVersion } from '../../config/product-version.js';
import { errorMessage } from '../../resilience/error-code.js';
import { endAttempt, startAttempt } from '../../telemetry/spans.js';
import { AddressGuard } from './address-guard.js';
import type { AttemptResult, Outgoing, Target } from './attempt-result.js';
import { Connection } from './connection.js';
import { Exchange } from './exchange.js';
import { GuardedConnector } from './guarded-connector.js';
import { NameResolver } from './name-resolver.js';
import { notSent } from './not-sent.js';
import { PreparedTarget } from './prepared-target.js';

/** How long an unused connection stays open, in milliseconds; Node's and many other servers close after 5 s. */
const IDLE_CONNECTION = 4_000;
/** With more connections than this many times the attempts at once, each is closed after its answer. */
const CONNECTIONS_PER_ATTEMPT = 4;

/** One attempt. */
interface Sending {
  readonly target: Target;
  readonly outgoing: Outgoing;
  readonly startedAt: number;
  readonly spanId: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Makes attempts: one signed HTTP request each, within one deadline, to allowed addresses only. */
@Injectable()
export class WebhookSender implements OnApplicationShutdown {
  private readonly connector: GuardedConnector;
  private readonly agent: Agent;
  /** By the very object: whoever loads an endpoint anew has its changes prepared anew. */
  private readonly prepared = new WeakMap<Target, PreparedTarget>();
  private readonly settings: Config['webhooks'];
  private readonly connectionsMax: number;
  private readonly userAgent = `Otklik/${productVersion()}`;

  constructor(
    private readonly clock: Clock,
    resolver: NameResolver,
    @Inject(CONFIG) { webhooks }: Config,
  ) {
    this.settings = webhooks;
    this.connectionsMax = webhooks.concurrency * CONNECTIONS_PER_ATTEMPT;
    const guard = new AddressGuard(webhooks.allowedCidrs);
    const connector = new GuardedConnector(guard, resolver, webhooks.timeout);
    this.connector = connector;
    this.agent = new Agent({
      // Each attempt has its own deadline, for all that these would watch.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION,
      keepAliveMaxTimeout: IDLE_CONNECTION,
      factory: (origin, options) =>
        new Pool(origin, {
          ...options,
          // Not fewer than attempts: endpoints that share a host would wait for each other.
          connections: webhooks.concurrency,
          allowH2: false,
          factory: (url, clientOptions) => {
            const state = { phase: 'looking_up' as const, address: null };
            return new Connection(url, clientOptions, state, (to, done) =>
              connector.connect(state, to, done),
            );
          },
        }),
    });
  }

  /**
   * Sends an event to an endpoint, once. Never throws: whatever happens is a result.
   *
   * @param target the same object for the same revision, so that it is prepared but once
   * @param signal breaks it off
   */
  send(target: Target, outgoing: Outgoing, signal?: AbortSignal): Promise<AttemptResult> {
    const startedAt = this.clock.now();
    const { webhookId } = target;
    const span = startAttempt(outgoing.traceId, {
      'otklik.webhook': webhookId,
      'otklik.event': outgoing.eventId,
    });
    return new Promise((resolve) => {
      const done = (result: AttemptResult) => {
        endAttempt(span, result);
        resolve(result);
      };
      try {
        const spanId = span?.spanContext().spanId;
        this.start({ target, outgoing, startedAt, spanId, signal }, done);
      } catch (error) {
        done(notSent(startedAt, 'aborted', `The request could not be made: ${errorMessage(error)}`));
      }
    });
  }

  /** Breaks off what is still under way; whoever wants it finished waits for it first. */
  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
    this.connector.close();
  }

  private start(
    { target, outgoing, startedAt, spanId, signal }: Sending,
    done: (result: AttemptResult) => void,
  ): void {
    const prepared = this.prepare(target);
    const { url, origin, path } = prepared;
    if (url.protocol === 'http:' && this.settings.allowHttp !== 'true') {
      done(notSent(startedAt, 'address_refused', 'http:// is not allowed here (WEBHOOK_ALLOW_HTTP).'));
      return;
    }
    const { body, headers, maskedHeaders } = prepared.request(outgoing, startedAt, spanId);
    const exchange = new Exchange(this.settings, { url, maskedHeaders, startedAt }, (result) => {
      signal?.removeEventListener('abort', exchange.breakOff);
      done(result);
    });
    if (signal?.aborted) {
      exchange.breakOff();
      return;
    }
    signal?.addEventListener('abort', exchange.breakOff);
    const reset = this.connector.count > this.connectionsMax;
    this.agent.dispatch({ origin, path, method: 'POST', body, headers, reset }, exchange);
  }

  private prepare(target: Target): PreparedTarget {
    let prepared = this.prepared.get(target);
    if (prepared === undefined) {
      prepared = new PreparedTarget(target, this.userAgent);
      this.prepared.set(target, prepared);
    }
    return prepared;
  }
}
