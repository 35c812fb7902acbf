import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock/clock.js';
import type { Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import type { Kind } from './kind.js';
import type { SharedCache } from './shared-cache.js';
import { type Envelope, pack, unpack } from './stored-form.js';

/** For how long one process alone may make a value that is costly, in milliseconds; then another one tries as well. */
const TURN = 3_000;

/** How often those who wait for it look whether it is there, in milliseconds. */
const LOOK = 20;

/** A value as it came from Redis. */
export interface SharedValue<T> {
  readonly value: T;
  readonly content: Envelope;
  /** In bytes. */
  readonly size: number;
}

/** What a look into Redis found. */
export interface LookUp<T> {
  /** undefined: it is not there, or not to be believed. */
  readonly known: SharedValue<T> | undefined;
  /** To be shown when storing what was made in its place. */
  readonly generation: string;
}

/** The values of one kind as all processes share them. Nothing here throws: without Redis, there is nothing. */
export class SharedValues<T, Stored> {
  readonly isThere: boolean;

  constructor(
    private readonly kind: Kind<T, Stored>,
    private readonly shared: SharedCache,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.isThere = kind.policy.isShared && shared.isConfigured;
  }

  /** @returns undefined where Redis is not there */
  async lookUp(key: string): Promise<LookUp<T> | undefined> {
    if (!this.isThere) return undefined;
    const started = performance.now();
    const found = await this.shared.get(this.kind.policy.version, this.name(key));
    if (!found) return undefined;
    this.kind.statistics.sharedLatency.add(performance.now() - started);
    const { bytes, generation } = found;
    const read = bytes && (await this.read(key, bytes));
    return read === 'corrupt' ? this.drop(key) : { known: read, generation };
  }

  /**
   * The same, but of a value that is costly, and not there, one process at a time is told so: the others wait for
   * what it makes. One that dies or takes long holds the next up for as long as its turn lasts.
   */
  async lookUpInTurn(key: string): Promise<LookUp<T> | undefined> {
    for (;;) {
      const found = await this.lookUp(key);
      if (!found || found.known || (await this.takeTurn(key))) return found;
      await pause(LOOK);
    }
  }

  /** @returns whether this process is the one to make it; it says so with `endTurn` when it has */
  async takeTurn(key: string): Promise<boolean> {
    const { isCostly, version } = this.kind.policy;
    return !this.isThere || !isCostly || this.shared.takeTurn(version, this.name(key), TURN);
  }

  async endTurn(key: string): Promise<void> {
    const { isCostly, version } = this.kind.policy;
    if (this.isThere && isCostly) await this.shared.endTurn(version, this.name(key));
  }

  /** @param ttl in milliseconds */
  async store(key: string, content: Envelope, ttl: number, generation: string): Promise<void> {
    const { policy, limits } = this.kind;
    const compressAbove = policy.isCompressed ? limits.compressAbove : Number.POSITIVE_INFINITY;
    const bytes = await pack(content, compressAbove);
    await this.shared.set(policy.version, this.name(key), bytes, ttl, generation);
  }

  async remove(keys: readonly string[]): Promise<void> {
    if (!this.isThere) return;
    const names = keys.map((key) => this.name(key));
    await this.shared.remove(this.kind.policy.version, names);
  }

  /** What it is called among all kinds. */
  name(key: string): string {
    return `${this.kind.name}:${key}`;
  }

  /** It goes at once: maybe there is nothing to be put in its place. */
  private async drop(key: string): Promise<LookUp<T> | undefined> {
    await this.remove([key]);
    const found = await this.shared.get(this.kind.policy.version, this.name(key));
    return found && { known: undefined, generation: found.generation };
  }

  /** What Redis has is believed as far as it looks like what belongs there (E13). @returns undefined: its time is over */
  private async read(key: string, bytes: Buffer): Promise<SharedValue<T> | undefined | 'corrupt'> {
    try {
      const content = await unpack(bytes);
      const value = this.kind.form.parse(content.value);
      return this.clock.now() < content.expiresAt ? { value, content, size: bytes.length } : undefined;
    } catch (error) {
      this.kind.statistics.corrupt++;
      this.log.warn(
        { cached: this.name(key) },
        `A value of ${this.kind.name} in Redis is corrupt, and is made anew: ${errorMessage(error).slice(0, 200)}`,
      );
      return 'corrupt';
    }
  }
}
