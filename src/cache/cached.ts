import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { afterCommit } from '../database/after-commit.js';
import { batches } from './batches.js';
import type { CacheKind, CachePolicy } from './cache-policies.js';
import { KindStatistics } from './cache-statistics.js';
import type { Invalidation } from './invalidations.js';
import type { CacheLimits } from './kind.js';
import { type LoadMany, LoadTogether } from './load-together.js';
import type { NearCache } from './near-cache.js';
import { type CacheParts, type Load, Values } from './values.js';

/**
 * The values of one kind: in the memory of this process, behind it in Redis, behind that where they are at home.
 *
 * - However many ask here for the same value, it is made once. Of the processes, one makes anew what is nearly over,
 *   and the others take it from Redis; what is costly, and not there at all, they make by turns.
 * - What was invalidated is not served: what is being read meanwhile is not kept, here or in Redis, and while this
 *   process hears no invalidations it does not believe its memory.
 */
export class Cached<T, Stored = unknown> {
  readonly statistics = new KindStatistics();
  private readonly values: Values<T, Stored>;
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly kind: CacheKind,
    readonly policy: CachePolicy,
    form: z.ZodType<T, Stored>,
    limits: CacheLimits,
    private readonly parts: CacheParts,
  ) {
    const { statistics } = this;
    this.values = new Values({ name: kind, policy, form, limits, statistics }, parts);
  }

  /** What is in the memory of this process. */
  get near(): NearCache<T> {
    return this.values.near;
  }

  /**
   * The value, where this process has it: at once, without a promise. One that is nearly over is made anew behind
   * it.
   */
  peek(key: string, load: Load<Stored>): T | undefined {
    return this.values.peek(key, load);
  }

  /**
   * The value, from wherever it is first found, or made.
   *
   * @throws what `load` throws
   */
  get(key: string, load: Load<Stored>): Promise<T | undefined> {
    return this.values.get(key, load);
  }

  /**
   * Many values, by their keys, 100 at a time: one round trip to Redis for them, and one load for those that are
   * not there.
   *
   * @returns without those that do not exist
   */
  async getMany(keys: readonly string[], loadMany: LoadMany<Stored>): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    for (const some of batches(keys)) {
      const together = new LoadTogether(loadMany);
      await Promise.all(
        some.map(async (key) => {
          const value = await this.get(key, () => together.load(key));
          if (value !== undefined) found.set(key, value);
        }),
      );
    }
    return found;
  }

  /**
   * Keeps a value that is known without being asked for. Other processes may have another one in their memory: whoever
   * replaces a value forgets it first.
   *
   * @param ttl in milliseconds, where its time is its own
   */
  async set(key: string, stored: Stored, ttl?: number): Promise<void> {
    this.values.drop(key);
    await this.values.set(key, stored, ttl);
  }

  /** Says, after the change is committed, that values hold no longer; in all processes. */
  async forget(...keys: readonly string[]): Promise<void> {
    await this.forgetHere(keys);
    await this.parts.invalidations.say({ kind: this.kind, keys: [...keys] });
  }

  /** Says so with the transaction that changes them, through the `Transactor`: a crash after the commit loses nothing. */
  async forgetWith(tx: EntityManager, ...keys: readonly string[]): Promise<void> {
    const what: Invalidation = { kind: this.kind, keys: [...keys] };
    await this.parts.invalidations.sayWith(tx, what);
    afterCommit(tx, () => {
      void this.forgetHere(keys).then(() => this.parts.invalidations.sayThroughRedis(what));
    });
  }

  /** Forgets a value of which this process has just learnt that it is old, as the others will by themselves. */
  drop(key: string): void {
    this.values.drop(key);
  }

  /** Tells whenever another process has invalidated something of this kind, or may have. */
  onForgotten(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Another process has said that values hold no longer. @param keys null: all of them */
  forgotten(keys: readonly string[] | null, isLasting: boolean): void {
    this.statistics.invalidated += keys?.length ?? 1;
    if (keys === null) this.values.dropAll();
    else for (const key of keys) this.values.drop(key);
    // Who said it may have had no Redis, or may have ended before it came to that.
    if (isLasting && keys) void this.values.removeShared(keys);
    for (const listener of this.listeners) listener();
  }

  /** Nobody knows what other processes have said. */
  forgottenAll(): void {
    this.values.dropAll();
    for (const listener of this.listeners) listener();
  }

  /** @returns how many values of this process's memory were meant */
  forgetWhere(isMeant: (name: string) => boolean): number {
    return this.values.dropWhere(isMeant);
  }

  private async forgetHere(keys: readonly string[]): Promise<void> {
    this.statistics.invalidated += keys.length;
    for (const key of keys) this.values.drop(key);
    await this.values.removeShared(keys);
  }
}
