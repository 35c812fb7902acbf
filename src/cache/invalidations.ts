import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Notifications } from '../database/notifications.js';
import { LOG, type Log } from '../logging/log.js';
import { RedisConnection } from '../redis/redis-connection.js';
import { errorMessage } from '../resilience/error-code.js';
import { CACHE_KINDS } from './cache-policies.js';

const CHANNEL = 'otklik_cache';

/** PostgreSQL takes less than 8,000 bytes. */
const LONGEST_PAYLOAD = 7_500;

/**
 * How long the memory is believed while invalidations are heard through Redis alone, in milliseconds: who says one may
 * have no Redis.
 */
const BELIEVED_HALF_DEAF = 5_000;

/** What holds no longer: values of a kind, all values of a kind, or whatever matches. */
const invalidation = z.union([
  z.object({ kind: z.enum(CACHE_KINDS), keys: z.array(z.string()).nullable() }),
  z.object({ pattern: z.string() }),
]);

export type Invalidation = z.infer<typeof invalidation>;

const said = z.object({ from: z.string(), what: invalidation });

/** Whoever keeps values. */
interface Keeper {
  /** @param isLasting whether it came through the database, which is where it is not lost before a commit */
  forget(what: Invalidation, isLasting: boolean): void;
  /**
   * Nobody knows what was said: everything may hold no longer.
   *
   * @param isLasting whether that was missed which comes through the database: Redis may have it still
   */
  forgetAll(isLasting: boolean): void;
}

/**
 * Tells all processes what holds no longer: through PostgreSQL and, where there is one, through Redis. Either is
 * enough. It is said on both because not everybody hears both: a process may have lost one of them, and through
 * PgBouncer in transaction mode nobody hears PostgreSQL.
 */
@Injectable()
export class Invalidations implements OnModuleInit {
  private readonly self = randomUUID();
  private readonly channel: string;
  private keeper: Keeper | undefined;
  /** How often something may have been missed, so that everything was forgotten. */
  gaps = 0;

  constructor(
    private readonly notifications: Notifications,
    private readonly redis: RedisConnection,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.channel = `${config.cache.keyPrefix}invalidations`;
  }

  /** How long a value may be in the memory of this process and be believed, in milliseconds; 0: nothing is heard. */
  get believedFor(): number {
    if (this.notifications.isListening) return Number.POSITIVE_INFINITY;
    return this.redis.subscription?.isListening ? BELIEVED_HALF_DEAF : 0;
  }

  async onModuleInit(): Promise<void> {
    await Promise.all([
      this.notifications.listen(CHANNEL, {
        heard: (payload) => this.heard(payload, true),
        missed: () => this.missed(true),
      }),
      this.redis.subscription?.listen(this.channel, {
        heard: (payload) => this.heard(payload, false),
        missed: () => this.missed(false),
      }),
    ]);
    this.keeper?.forgetAll(false);
  }

  tell(keeper: Keeper): void {
    this.keeper = keeper;
  }

  /**
   * Says it to the other processes. Never throws: what is not heard ends with its time.
   *
   * @returns once it was said
   */
  async say(what: Invalidation): Promise<void> {
    await Promise.all([
      this.sayThroughRedis(what),
      this.notifications
        .notify(CHANNEL, this.payload(what))
        .catch((error) => this.log.warn(`An invalidation was not said: ${errorMessage(error)}`)),
    ]);
  }

  /** Says it through PostgreSQL at the commit of the change that it is about: not before, and not without it. */
  async sayWith(tx: EntityManager, what: Invalidation): Promise<void> {
    await this.notifications.notify(CHANNEL, this.payload(what), tx);
  }

  async sayThroughRedis(what: Invalidation): Promise<void> {
    if (!this.redis.isConfigured) return;
    await this.redis.run((client) => client.publish(this.channel, this.payload(what))).catch(() => undefined);
  }

  private payload(what: Invalidation): string {
    const text = JSON.stringify({ from: this.self, what });
    if (Buffer.byteLength(text) <= LONGEST_PAYLOAD) return text;
    const less = 'kind' in what ? { kind: what.kind, keys: null } : { pattern: '*' };
    return JSON.stringify({ from: this.self, what: less });
  }

  private missed(isLasting: boolean): void {
    this.gaps++;
    this.keeper?.forgetAll(isLasting);
  }

  /** Anybody who can connect can say anything: what cannot be read is taken for anything at all. */
  private heard(payload: string, isLasting: boolean): void {
    try {
      const { from, what } = said.parse(JSON.parse(payload));
      if (from !== this.self) this.keeper?.forget(what, isLasting);
    } catch {
      this.keeper?.forgetAll(isLasting);
    }
  }
}
