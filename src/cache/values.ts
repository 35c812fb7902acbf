import type { Clock } from '../clock/clock.js';
import type { Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import type { Invalidations } from './invalidations.js';
import type { Kind } from './kind.js';
import { lifetime, refreshTime } from './lifetime.js';
import { type Loading, Loadings } from './loadings.js';
import { NearCache, type NearEntry } from './near-cache.js';
import type { SharedCache } from './shared-cache.js';
import { SharedValues } from './shared-values.js';
import type { Envelope } from './stored-form.js';

/** Makes a value in the form in which it is stored; undefined: there is none, which is not remembered. */
export type Load<Stored> = () => Promise<Stored | undefined>;

/** What all kinds share. */
export interface CacheParts {
  readonly shared: SharedCache;
  readonly invalidations: Invalidations;
  readonly clock: Clock;
  readonly log: Log;
}

/** How a value was made. */
interface Making {
  /** In milliseconds. */
  readonly cost: number;
  /** That of Redis before; undefined: it is not put there. */
  readonly generation: string | undefined;
  /** When its time begins, in milliseconds since 1970. */
  readonly from: number;
  /** In milliseconds. */
  readonly ttl: number;
}

/** The values of one kind, from wherever they are first found: in this process, in Redis, or where they are at home. */
export class Values<T, Stored> {
  readonly near: NearCache<T>;
  private readonly loadings = new Loadings<T>();
  private readonly shared: SharedValues<T, Stored>;

  constructor(
    private readonly kind: Kind<T, Stored>,
    private readonly parts: CacheParts,
  ) {
    this.near = new NearCache(kind.limits);
    this.shared = new SharedValues(kind, parts.shared, parts.clock, parts.log);
  }

  peek(key: string, load: Load<Stored>): T | undefined {
    const entry = this.near.get(key);
    if (entry === undefined) return undefined;
    const now = this.parts.clock.now();
    if (now >= entry.expiresAt || !this.isBelieved(entry, now)) return undefined;
    this.kind.statistics.nearHits++;
    if (now >= entry.refreshAt && !this.loadings.get(key)) this.refresh(key, load, entry);
    return entry.value;
  }

  async get(key: string, load: Load<Stored>): Promise<T | undefined> {
    const known = this.peek(key, load);
    if (known !== undefined) return known;
    const running = this.loadings.get(key);
    if (running) {
      this.kind.statistics.joined++;
      return running.result;
    }
    return this.loadings.begin(key, (loading) => this.find(key, load, loading));
  }

  async set(key: string, stored: Stored, ttl: number = lifetime(this.kind.policy)): Promise<void> {
    await this.loadings.begin(key, async (loading) => {
      const generation = (await this.shared.lookUp(key))?.generation;
      return this.keep(key, stored, loading, { cost: 0, generation, from: this.parts.clock.now(), ttl });
    });
  }

  /** Forgets a value here. */
  drop(key: string): void {
    this.near.delete(key);
    this.loadings.outdate(key);
  }

  dropAll(): void {
    this.near.clear();
    this.loadings.outdateWhere(() => true);
  }

  /** @returns how many values were meant */
  dropWhere(isMeant: (name: string) => boolean): number {
    const isKeyMeant = (key: string) => isMeant(this.shared.name(key));
    this.loadings.outdateWhere(isKeyMeant);
    return this.near.deleteWhere(isKeyMeant);
  }

  /** Forgets values in Redis. */
  removeShared(keys: readonly string[]): Promise<void> {
    return this.shared.remove(keys);
  }

  private isBelieved({ keptAt }: NearEntry<T>, now: number): boolean {
    return this.kind.policy.isBelievedUnheard || now < keptAt + this.parts.invalidations.believedFor;
  }

  private async find(key: string, load: Load<Stored>, loading: Loading<T>): Promise<T | undefined> {
    const found = await this.shared.lookUpInTurn(key);
    if (!found?.known) {
      this.kind.statistics.misses++;
      return this.make(key, load, loading, found?.generation);
    }
    this.kind.statistics.sharedHits++;
    const { value, content, size } = found.known;
    this.remember(key, value, content, size, loading);
    return value;
  }

  /** Behind whoever asked: takes what another process has made anew, or makes it. */
  private refresh(key: string, load: Load<Stored>, old: NearEntry<T>): void {
    this.loadings
      .begin(key, async (loading) => {
        const found = await this.shared.lookUp(key);
        if (found?.known && found.known.content.expiresAt > old.endsAt) {
          const { value, content, size } = found.known;
          this.remember(key, value, content, size, loading);
          return value;
        }
        if (found && !(await this.shared.takeTurn(key))) return old.value;
        this.kind.statistics.refreshed++;
        return this.make(key, load, loading, found?.generation);
      })
      .catch((error) =>
        this.parts.log.warn(
          `A cached value of ${this.kind.name} could not be made anew: ${errorMessage(error)}`,
        ),
      );
  }

  private async make(
    key: string,
    load: Load<Stored>,
    loading: Loading<T>,
    generation: string | undefined,
  ): Promise<T | undefined> {
    const { policy, statistics } = this.kind;
    const started = performance.now();
    // Its time begins before it is asked for: what it says may be as old as that.
    const from = this.parts.clock.now();
    const stored = await load().catch((error) => {
      statistics.failed++;
      void this.shared.endTurn(key);
      throw error;
    });
    const cost = performance.now() - started;
    statistics.loadLatency.add(cost);
    if (stored !== undefined)
      return this.keep(key, stored, loading, { cost, generation, from, ttl: lifetime(policy) });
    void this.shared.endTurn(key);
    if (!loading.isStale) this.near.delete(key);
    return undefined;
  }

  private keep(key: string, stored: Stored, loading: Loading<T>, making: Making): T {
    const value = this.kind.form.parse(stored);
    const { cost, generation, from, ttl } = making;
    const content = { expiresAt: from + ttl, cost, value: stored } as Envelope;
    this.remember(key, value, content, JSON.stringify(stored).length, loading);
    const isKept = generation !== undefined && !loading.isStale;
    const storing = isKept ? this.shared.store(key, content, ttl, generation) : Promise.resolve();
    void storing.then(() => this.shared.endTurn(key));
    return value;
  }

  private remember(
    key: string,
    value: T,
    { expiresAt: endsAt, cost }: Envelope,
    size: number,
    loading: Loading<T>,
  ): void {
    if (loading.isStale) return;
    const { policy, limits } = this.kind;
    const keptAt = this.parts.clock.now();
    const expiresAt = policy.isShared ? Math.min(endsAt, keptAt + limits.nearTtl) : endsAt;
    const refreshAt = refreshTime(policy, keptAt, endsAt, cost);
    this.near.set(key, { value, keptAt, expiresAt, endsAt, refreshAt }, size);
  }
}
