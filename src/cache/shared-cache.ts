import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import type { RedisClient } from '../redis/redis-client.js';
import { RedisConnection } from '../redis/redis-connection.js';
import { errorMessage } from '../resilience/error-code.js';
import { batches } from './batches.js';
import { removeMatching } from './removal-by-pattern.js';

/** How long a generation is remembered, in milliseconds: longer than anything takes to be made. */
const GENERATION_TTL = 10 * 60_000;

/** Most removals that are owed one by one; beyond it, everything is removed. */
const MOST_OWED = 10_000;

/** Stores a value only where nobody invalidated it since it was looked for. */
const STORE = `if (redis.call('get', KEYS[2]) or '') == ARGV[3] then
  return redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
end`;

/** Removes a value, and begins a new generation. Removing goes on where the memory of Redis is full. */
const REMOVE = `local removed = redis.call('unlink', KEYS[1])
redis.pcall('set', KEYS[2], ARGV[1], 'px', ARGV[2])
return removed`;

/** A value as Redis has it. */
export interface Found {
  /** undefined: it is not there. */
  readonly bytes: Buffer | undefined;
  /** To be shown when storing what was made in its place. */
  readonly generation: string;
}

/**
 * Values in Redis, for all processes. Nothing here throws: without Redis, there is nothing.
 *
 * A process that has read from the database before a change could store what it read after that change was
 * invalidated. So each invalidation begins a new generation of the key, and storing needs the one that was found
 * before reading. What could not be removed while Redis was away is removed before anything is read from it again. After a
 * connection was lost, it is emptied: what answers then may be a replica that took over, or a server that has read an old
 * file, and have what was removed before.
 */
@Injectable()
export class SharedCache {
  private readonly prefix: string;
  private readonly owed = new Set<string>();
  /** Removals that are under way: what is asked for meanwhile waits, for it may go another way and be faster. */
  private readonly removals = new Map<string, Promise<boolean>>();
  private isAllOwed = false;
  private timesAllOwed = 0;
  private repaying: Promise<boolean> | undefined;
  /** Values that could not be stored. */
  failedStores = 0;

  constructor(
    private readonly redis: RedisConnection,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.prefix = config.cache.keyPrefix;
    redis.onLost(() => this.oweAll());
  }

  get isConfigured(): boolean {
    return this.redis.isConfigured;
  }

  /** How many removals are owed to Redis. */
  get owes(): number {
    return this.isAllOwed ? MOST_OWED : this.owed.size;
  }

  /** @returns undefined where Redis is not there */
  async get(version: number, name: string): Promise<Found | undefined> {
    const key = this.key(version, name);
    await this.removals.get(key);
    if (!(await this.isReadable())) return undefined;
    try {
      const [bytes, generation] = await this.redis.run((client) => client.mgetBuffer(key, generationOf(key)));
      return { bytes: bytes ?? undefined, generation: generation?.toString() ?? '' };
    } catch {
      return undefined;
    }
  }

  /** @param ttl milliseconds */
  async set(version: number, name: string, bytes: Buffer, ttl: number, generation: string): Promise<void> {
    const key = this.key(version, name);
    try {
      const expiry = Math.max(1, Math.floor(ttl));
      await this.redis.run((client) =>
        client.eval(STORE, 2, key, generationOf(key), bytes, expiry, generation),
      );
    } catch (error) {
      this.failedStores++;
      this.log.debug(`A value was not stored in Redis: ${errorMessage(error)}`);
    }
  }

  /** @returns whether it is this process's turn to make a value, for so many milliseconds; without Redis, it is */
  async takeTurn(version: number, name: string, milliseconds: number): Promise<boolean> {
    const key = turnOf(this.key(version, name));
    try {
      return (await this.redis.run((client) => client.set(key, '1', 'PX', milliseconds, 'NX'))) === 'OK';
    } catch {
      return true;
    }
  }

  async endTurn(version: number, name: string): Promise<void> {
    const key = turnOf(this.key(version, name));
    await this.redis.run((client) => client.unlink(key)).catch(() => undefined);
  }

  /** Removes values; what cannot be removed now is owed. */
  async remove(version: number, names: readonly string[]): Promise<void> {
    if (!this.isConfigured) return;
    const keys = names.map((name) => this.key(version, name));
    const removal = this.removeKeys(keys);
    for (const key of keys) this.removals.set(key, removal);
    await removal;
    for (const key of keys) if (this.removals.get(key) === removal) this.removals.delete(key);
  }

  /** Anything in it may hold no longer: it is emptied before anything is read from it. */
  oweAll(): void {
    this.isAllOwed = this.isConfigured;
    this.timesAllOwed++;
    // Emptying it takes them along: they do not become more and more while it is away.
    this.owed.clear();
  }

  /**
   * Removes whatever matches, in all versions, by SCAN.
   *
   * @param pattern of names, with `*` and `?`
   * @returns how many were removed; undefined: Redis is not there, and they are owed
   */
  async clear(pattern: string): Promise<number | undefined> {
    if (!this.isConfigured) return undefined;
    try {
      return await removeMatching(this.redis, `${this.prefix}v*:{${pattern}}`);
    } catch {
      this.oweAll();
      return undefined;
    }
  }

  private async removeKeys(keys: readonly string[]): Promise<boolean> {
    for (const some of batches(keys)) {
      try {
        await this.redis.run((client) => Promise.all(some.map((key) => removeKey(client, key))));
        for (const key of some) this.owed.delete(key);
      } catch {
        for (const key of keys) this.owed.add(key);
        if (this.owed.size > MOST_OWED) this.oweAll();
        return false;
      }
    }
    return true;
  }

  /** What is owed comes first. Until it is paid, Redis may have what was invalidated. */
  private async isReadable(): Promise<boolean> {
    if (!this.isConfigured) return false;
    if (!this.isAllOwed && this.owed.size === 0) return true;
    this.repaying ??= this.repay().finally(() => {
      this.repaying = undefined;
    });
    return this.repaying;
  }

  private async repay(): Promise<boolean> {
    if (!this.isAllOwed) return this.removeKeys([...this.owed]);
    const [times, owed] = [this.timesAllOwed, [...this.owed]];
    if ((await this.clear('*')) === undefined || times !== this.timesAllOwed) return false;
    for (const key of owed) this.owed.delete(key);
    this.isAllOwed = false;
    return this.owed.size === 0;
  }

  /** The braces keep a value and its generation on one node of a cluster. */
  private key(version: number, name: string): string {
    return `${this.prefix}v${version}:{${name}}`;
  }
}

function generationOf(key: string): string {
  return `${key}:generation`;
}

function turnOf(key: string): string {
  return `${key}:turn`;
}

function removeKey(client: RedisClient, key: string): Promise<unknown> {
  return client.eval(REMOVE, 2, key, generationOf(key), randomBytes(8).toString('base64url'), GENERATION_TTL);
}
