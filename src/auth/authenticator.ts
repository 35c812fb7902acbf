import { hash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { Cache } from '../cache/cache.js';
import type { Cached } from '../cache/cached.js';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ADMINISTRATOR, type Caller, METRICS_READER, SCOPES } from './caller.js';

/** Most keys that a warm-up fetches. */
const MOST_WARMED = 1_000;

/** What a stored key has to look like before it is believed. */
const storedKey = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
});

/** What is remembered of a key. */
const knownKey = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    expiresAt: z.number().nullable(),
  })
  .transform(({ id, name, scopes, expiresAt }) => ({
    caller: { id, name, scopes: new Set(scopes) } satisfies Caller,
    expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
  }));

/** What is remembered of a key that was revoked: that it was. */
const revokedKey = z.literal(true);

type KnownKey = z.output<typeof knownKey>;
type StoredKey = z.input<typeof knownKey>;

/** The stored form of a key. A key has 256 random bits, so a fast hash is enough: there is nothing to guess. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'base64url');
}

/**
 * Tells who holds a key. Known keys are believed for `API_KEY_CACHE_TTL` and checked again in the background
 * before that has passed, so a key in use costs no request a round trip. A revoked one is dead everywhere as soon as
 * the other processes hear of it, and within that time even where they do not.
 */
@Injectable()
export class Authenticator implements OnApplicationShutdown {
  private readonly known: Cached<KnownKey, StoredKey>;
  private readonly revoked: Cached<true, true>;
  private uses = new Map<string, number>();
  private useTimer: NodeJS.Timeout | undefined;
  private readonly adminHash: string | undefined;
  private readonly metricsHash: string | undefined;
  /** Stored keys that did not look like keys and were not believed. */
  corruptKeys = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: ApiKeyRepository,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    cache: Cache,
  ) {
    // Unknown keys are not remembered: guessing must not push real ones out.
    this.known = cache.of('api_keys', knownKey);
    // Those that were revoked are: nothing makes them valid again, and whoever holds one may go on calling for months.
    this.revoked = cache.of('revoked_tokens', revokedKey);
    cache.onWarmUp('api_keys', () => this.warmUp());
    this.adminHash = config.secrets.adminApiKey && hashKey(config.secrets.adminApiKey);
    this.metricsHash = config.metrics.token && hashKey(config.metrics.token);
  }

  /** Who holds the key: at once where it is known, else after asking the database; `undefined` for nobody. */
  authenticate(key: string): Caller | undefined | Promise<Caller | undefined> {
    const keyHash = hashKey(key);
    if (keyHash === this.adminHash) return ADMINISTRATOR;
    if (keyHash === this.metricsHash) return METRICS_READER;
    const load = () => this.load(keyHash);
    const entry = this.known.peek(keyHash, load);
    if (!entry && this.isRevoked(keyHash)) return undefined;
    return entry ? this.use(entry) : this.known.get(keyHash, load).then((fresh) => fresh && this.use(fresh));
  }

  /** Forgets keys in all processes, with the transaction that revokes them. */
  forgetWith(tx: EntityManager, ...keyHashes: readonly string[]): Promise<void> {
    return this.known.forgetWith(tx, ...keyHashes);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.useTimer);
    await this.recordUses();
  }

  private use(entry: KnownKey): Caller | undefined {
    const now = this.clock.now();
    if (entry.expiresAt <= now) return undefined;
    this.uses.set(entry.caller.id, now);
    this.useTimer ??= setTimeout(() => {
      this.useTimer = undefined;
      void this.recordUses();
    }, this.config.apiKeys.lastUseInterval).unref();
    return entry.caller;
  }

  private async recordUses(): Promise<void> {
    const uses = this.uses;
    if (uses.size === 0) return;
    this.uses = new Map();
    try {
      await this.keys.recordUse(uses);
    } catch (error) {
      // The last use is a courtesy: it is not worth holding anything up for, and the next one says it again.
      this.log.warn(`The last use of ${uses.size} API keys was not written down: ${errorMessage(error)}`);
    }
  }

  private async load(keyHash: string): Promise<StoredKey | undefined> {
    const key = await this.keys.findByHash(keyHash);
    // Asked for once more, so that what a restore has changed since is not remembered.
    if (key?.revokedAt) await this.revoked.get(keyHash, () => this.loadRevoked(keyHash));
    return (key && this.believed(key)) ?? undefined;
  }

  /** As far as this process remembers. */
  private isRevoked(keyHash: string): boolean {
    return this.revoked.peek(keyHash, () => this.loadRevoked(keyHash)) ?? false;
  }

  private async loadRevoked(keyHash: string): Promise<true | undefined> {
    const key = await this.keys.findByHash(keyHash);
    return key?.revokedAt ? true : undefined;
  }

  /** Those that were used last are known before they come again. */
  private async warmUp(): Promise<number> {
    const hashes = await this.keys.lastUsed(Math.min(this.config.apiKeys.cacheSize, MOST_WARMED));
    const found = await this.known.getMany(hashes, async (missing) => {
      const keys = (await this.keys.findByHashes(missing)).map(
        (key) => [key.keyHash, this.believed(key)] as const,
      );
      return new Map(keys.flatMap(([keyHash, key]) => (key ? [[keyHash, key]] : [])));
    });
    return found.size;
  }

  private believed(key: ApiKey): StoredKey | undefined {
    const { success, data } = storedKey.safeParse(key);
    if (!success) {
      this.corruptKeys++;
      this.log.error({ keyId: key.id }, 'A stored API key is corrupt and was not believed');
      return undefined;
    }
    const { id, name, scopes, expiresAt, revokedAt } = data;
    return revokedAt ? undefined : { id, name, scopes, expiresAt: expiresAt?.getTime() ?? null };
  }
}
