import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import type { RedisClient } from './redis-client.js';
import { RedisPool } from './redis-pool.js';
import { type RedisMemory, type RedisReport, RedisStatus } from './redis-status.js';
import { RedisSubscription } from './redis-subscription.js';

/** What ioredis says of commands that had no connection, or lost it. */
const CONSEQUENCE = /isn't writeable|^Connection is closed|^Reached the max retries per request/;

/** How long what a check writes is kept, in milliseconds. */
const ALIVE_TTL = 60_000;

/**
 * The Redis of `REDIS_URL`, behind a circuit breaker: after a few failures in a row it is left alone for a while, so
 * that one which is dead, or hangs, costs no request any time. It is asked now and then whether it answers; what is
 * asked first after a pause is usually that, and no request.
 */
@Injectable()
export class RedisConnection extends RedisStatus implements OnModuleInit, OnApplicationShutdown {
  readonly isConfigured: boolean;
  /** What other processes say through Redis. */
  readonly subscription: RedisSubscription | undefined;
  private readonly pool: RedisPool | undefined;
  private readonly breaker: CircuitBreakerPolicy;
  private latency: number | undefined;
  private lastError: string | undefined;
  private lastErrorAt: number | undefined;
  private isFailing = false;
  private timesAvoided = 0;
  private checking: Promise<RedisReport> | undefined;
  private stopped = false;
  private callOff: () => void = () => undefined;
  private lost: () => void = () => undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    super();
    const { target, breakerFailures, breakerPause } = config.redis;
    this.breaker = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(breakerFailures),
      halfOpenAfter: breakerPause,
    });
    this.isConfigured = target !== undefined;
    if (target === undefined) return;
    this.pool = new RedisPool(
      target,
      config.redis,
      (error) => this.failed(error),
      () => this.lost(),
    );
    this.subscription = new RedisSubscription(target, config.redis, log);
    this.breaker.onBreak(() => {
      this.timesAvoided++;
      this.log.warn(`Redis is left alone for a while: ${this.lastError}`);
    });
    this.breaker.onReset(() => this.log.info('Redis is used again.'));
  }

  async onModuleInit(): Promise<void> {
    if (!this.pool) return;
    // Otklik starts without Redis as well; whether it is there, the first check says.
    await within(this.config.redis.connectTimeout, this.pool.connect());
    await this.check();
    this.checkLater();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.callOff();
    this.subscription?.stop();
    this.pool?.disconnect();
  }

  /** Tells whenever a connection is lost: what answers next may be another server, or the same one with older data. */
  onLost(listener: () => void): void {
    this.lost = listener;
  }

  /** Does something to each connection, before it carries anything: makes a command of one's own known, say. */
  prepare(work: (client: RedisClient) => void): void {
    this.pool?.clients.forEach(work);
  }

  /**
   * Does something with Redis, on one of the connections.
   *
   * @throws whatever went wrong, and at once where there is no Redis, or where it is left alone
   */
  run<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.pool) return Promise.reject(new Error('REDIS_URL is not set'));
    return this.runOn(this.pool.pick(), work);
  }

  override report(): RedisReport {
    return {
      state: this.state(),
      latency: this.latency,
      lastError: this.lastError,
      lastErrorAt: this.lastErrorAt,
      timesAvoided: this.timesAvoided,
      isListening: this.subscription?.isListening ?? false,
    };
  }

  override check(): Promise<RedisReport> {
    this.checking ??= Promise.all([this.ping(), this.subscription?.check()]).then(() => {
      this.checking = undefined;
      return this.report();
    });
    return this.checking;
  }

  override async memory(): Promise<RedisMemory | undefined> {
    try {
      const told = await this.run((client) => client.info());
      const value = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(told)?.[1] ?? '';
      return {
        usedBytes: Number(value('used_memory')),
        maxBytes: Number(value('maxmemory')),
        policy: value('maxmemory_policy'),
        evictedKeys: Number(value('evicted_keys')),
        connectedClients: Number(value('connected_clients')),
      };
    } catch {
      return undefined;
    }
  }

  private runOn<T>(client: RedisClient, work: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.breaker.execute(async () => {
      const started = performance.now();
      try {
        const result = await work(client);
        this.latency = performance.now() - started;
        this.isFailing = false;
        return result;
      } catch (error) {
        this.failed(error);
        this.isFailing = true;
        throw error;
      }
    });
  }

  /**
   * On every connection: one that hangs looks like one that nobody uses. It writes, for one that is full, or became a
   * replica, answers a PING as well.
   */
  private async ping(): Promise<void> {
    const { clients } = this.pool ?? { clients: [] };
    const key = `${this.config.cache.keyPrefix}alive`;
    await Promise.allSettled(
      clients.map((client) => this.runOn(client, () => client.set(key, '1', 'PX', ALIVE_TTL))),
    );
  }

  private checkLater(): void {
    if (this.stopped) return;
    this.callOff = this.clock.wakeAt(this.clock.now() + this.config.redis.pingInterval, () => {
      void this.check().finally(() => this.checkLater());
    });
  }

  private failed(error: unknown): void {
    const message = errorMessage(error);
    this.lastErrorAt = this.clock.now();
    // That there is no connection is told by why there is none.
    if (this.lastError === undefined || !CONSEQUENCE.test(message)) this.lastError = message;
  }

  private state(): RedisReport['state'] {
    if (!this.isConfigured) return 'not_configured';
    if (this.breaker.state === CircuitState.Open) return 'avoided';
    return this.isFailing ? 'failing' : 'available';
  }
}

/** Waits for it, however it ends, but no longer: where no sentinel answers, it never ends. */
function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    work
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer);
        resolve();
      });
  });
}
