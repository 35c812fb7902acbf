import type { EntityManager } from 'typeorm';
import { Cache } from '../../src/cache/cache.js';
import { Invalidations } from '../../src/cache/invalidations.js';
import { SharedCache } from '../../src/cache/shared-cache.js';
import type { Clock } from '../../src/clock/clock.js';
import { loadConfig } from '../../src/config/config.js';
import type { Listener, Notifications } from '../../src/database/notifications.js';
import { RedisConnection } from '../../src/redis/redis-connection.js';
import { CapturedLog } from './captured-log.js';

/** What PostgreSQL's NOTIFY does between processes, without PostgreSQL. */
export class Notice {
  readonly ears = new Map<Listener, { hears: boolean }>();

  say(payload: string): void {
    for (const [listener, { hears }] of this.ears) if (hears) listener.heard(payload);
  }
}

/** For specs of a Redis that hangs: what waits for it gives up soon. The others do not fail because the machine is busy. */
export const IMPATIENT = { REDIS_COMMAND_TIMEOUT: 'PT0.3S', REDIS_CONNECT_TIMEOUT: 'PT1S' };

/** The caches of one process, with a real Redis behind them. */
export class CacheProcess {
  readonly log = new CapturedLog();
  readonly redis: RedisConnection;
  readonly shared: SharedCache;
  readonly invalidations: Invalidations;
  readonly cache: Cache;
  private readonly ear = { hears: true };
  private listener: Listener | undefined;

  constructor(notice: Notice, clock: Clock, env: Readonly<Record<string, string>>) {
    const config = loadConfig({
      REDIS_COMMAND_TIMEOUT: 'PT10S',
      REDIS_CONNECT_TIMEOUT: 'PT1M',
      REDIS_BREAKER_PAUSE: 'PT0.05S',
      REMINDER_POLICY_CACHE_TTL: 'PT1M',
      ...env,
    });
    const { ear } = this;
    const notifications = {
      get isListening() {
        return ear.hears;
      },
      listen: async (_channel: string, listener: Listener) => {
        this.listener = listener;
        notice.ears.set(listener, ear);
      },
      notify: async (_channel: string, payload: string, _tx?: EntityManager) => notice.say(payload),
    } as unknown as Notifications;
    this.redis = new RedisConnection(config, clock, this.log.log);
    this.shared = new SharedCache(this.redis, config, this.log.log);
    this.invalidations = new Invalidations(notifications, this.redis, config, this.log.log);
    this.cache = new Cache(this.shared, this.invalidations, clock, config, this.log.log);
  }

  async start(): Promise<this> {
    await this.redis.onModuleInit();
    await this.invalidations.onModuleInit();
    return this;
  }

  /** From now on, it does not hear what is said through the database. */
  plugEars(): void {
    this.ear.hears = false;
    this.listener?.lost?.();
  }

  /** It hears again, and knows that it missed something. */
  unplugEars(): void {
    this.ear.hears = true;
    this.listener?.missed();
  }

  stop(): Promise<void> {
    return this.redis.onApplicationShutdown();
  }
}
