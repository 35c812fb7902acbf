import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { type CacheKind, type CachePolicy, cachePolicies } from './cache-policies.js';
import { Cached } from './cached.js';
import { matches } from './glob.js';
import { type Invalidation, Invalidations } from './invalidations.js';
import { SharedCache } from './shared-cache.js';
import type { CacheParts } from './values.js';

/** What a warm-up did. */
export interface WarmUp {
  readonly name: string;
  /** How many values are there now. */
  readonly values: number;
  /** In milliseconds. */
  readonly duration: number;
  readonly error: string | undefined;
}

/** What clearing removed. */
export interface Cleared {
  /** From the memory of this process; the others are told. */
  readonly here: number;
  /** From Redis; undefined: there is none, or it is away, and loses them before it is read again. */
  readonly shared: number | undefined;
}

/** Everything that is cached, by kinds. */
@Injectable()
export class Cache {
  private readonly policies: Readonly<Record<CacheKind, CachePolicy>>;
  // Each with a type of value of its own, that only whoever asked for it knows.
  private readonly byKind = new Map<CacheKind, Cached<unknown>>();
  private readonly warmers = new Map<string, () => Promise<number>>();
  private readonly parts: CacheParts;

  constructor(
    private readonly shared: SharedCache,
    private readonly invalidations: Invalidations,
    clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.policies = cachePolicies(config);
    this.parts = { shared, invalidations, clock, log };
    invalidations.tell({
      forget: (what, isLasting) => this.forget(what, isLasting),
      forgetAll: (isLasting) => {
        if (isLasting) this.shared.oweAll();
        for (const cached of this.byKind.values()) cached.forgottenAll();
      },
    });
  }

  /**
   * The values of a kind; each kind has one owner.
   *
   * @param form what a value looks like as JSON, and what becomes of it; it is checked whenever one is read
   */
  of<T, Stored>(kind: CacheKind, form: z.ZodType<T, Stored>): Cached<T, Stored> {
    if (this.byKind.has(kind)) throw new Error(`There are two owners of the cache of ${kind}.`);
    const policy = this.policies[kind];
    const { nearEntries, nearBytes, nearTtl, compressAbove } = this.config.cache;
    const limits = { entries: policy.nearEntries ?? nearEntries, bytes: nearBytes, nearTtl, compressAbove };
    const cached = new Cached<T, Stored>(kind, policy, form, limits, this.parts);
    this.byKind.set(kind, cached as unknown as Cached<unknown>);
    return cached;
  }

  /** Every kind that somebody uses. */
  kinds(): readonly Cached<unknown>[] {
    return [...this.byKind.values()];
  }

  /** Makes something known that is worth having before it is asked for. @param warm answers how many values it got */
  onWarmUp(name: string, warm: () => Promise<number>): void {
    this.warmers.set(name, warm);
  }

  /** Fetches what is used, one after the other. */
  async warmUp(): Promise<WarmUp[]> {
    const done: WarmUp[] = [];
    for (const [name, warm] of this.warmers) {
      const started = performance.now();
      const [values, error] = await warm().then(
        (count) => [count, undefined] as const,
        (error) => [0, errorMessage(error)] as const,
      );
      if (error !== undefined) this.log.warn(`The cache of ${name} was not warmed up: ${error}`);
      done.push({ name, values, duration: performance.now() - started, error });
    }
    return done;
  }

  /** Forgets whatever matches: here, in Redis, and in all other processes. @param pattern of `kind:key`, with `*` and `?` */
  async clear(pattern: string): Promise<Cleared> {
    const here = this.clearHere(pattern);
    const shared = await this.shared.clear(pattern);
    await this.invalidations.say({ pattern });
    return { here, shared };
  }

  private clearHere(pattern: string): number {
    let count = 0;
    for (const cached of this.byKind.values()) count += cached.forgetWhere((name) => matches(pattern, name));
    return count;
  }

  private forget(what: Invalidation, isLasting: boolean): void {
    if ('pattern' in what) this.clearHere(what.pattern);
    else this.byKind.get(what.kind)?.forgotten(what.keys, isLasting);
  }
}
