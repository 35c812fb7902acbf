import { hash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ADMINISTRATOR, type Caller, SCOPES } from './caller.js';

interface Entry {
  readonly caller: Caller | undefined;
  readonly expiresAt: number;
  checkedAt: number;
  checking: boolean;
}

/** What a stored key has to look like before it is believed. */
const storedKey = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
});

/** The stored form of a key. A key has 256 random bits, so a fast hash is enough: there is nothing to guess. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'base64url');
}

/**
 * Tells who holds a key. Known keys are believed for `API_KEY_CACHE_TTL` and checked again in the background
 * before that has passed, so a key in use costs no request a round trip, and a revoked one is dead everywhere
 * within that time.
 */
@Injectable()
export class Authenticator implements OnApplicationShutdown {
  private readonly entries = new Map<string, Entry>();
  private uses = new Map<string, number>();
  private useTimer: NodeJS.Timeout | undefined;
  private readonly adminHash: string | undefined;
  /** Stored keys that did not look like keys and were not believed. */
  corruptKeys = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: ApiKeyRepository,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.adminHash = config.secrets.adminApiKey && hashKey(config.secrets.adminApiKey);
  }

  /** Who holds the key: at once where it is known, else after asking the database; `undefined` for nobody. */
  authenticate(key: string): Caller | undefined | Promise<Caller | undefined> {
    const keyHash = hashKey(key);
    if (keyHash === this.adminHash) return ADMINISTRATOR;
    const entry = this.entries.get(keyHash);
    const now = this.clock.now();
    const age = entry ? now - entry.checkedAt : Number.POSITIVE_INFINITY;
    if (!entry || age >= this.config.apiKeys.cacheTtl)
      return this.check(keyHash).then((fresh) => this.use(fresh));
    if (age >= this.config.apiKeys.cacheTtl / 2 && !entry.checking) this.checkInBackground(keyHash, entry);
    return this.use(entry);
  }

  /** Forgets a key at once in this process, after it was revoked here. */
  forget(keyHash: string): void {
    this.entries.delete(keyHash);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.useTimer);
    await this.recordUses();
  }

  private use(entry: Entry): Caller | undefined {
    const now = this.clock.now();
    if (!entry.caller || entry.expiresAt <= now) return undefined;
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

  private checkInBackground(keyHash: string, entry: Entry): void {
    entry.checking = true;
    this.check(keyHash).catch((error) => {
      entry.checking = false;
      this.log.warn(`An API key could not be checked again: ${errorMessage(error)}`);
    });
  }

  private async check(keyHash: string): Promise<Entry> {
    const checkedAt = this.clock.now();
    const key = await this.keys.findByHash(keyHash);
    const entry: Entry = {
      caller: key && this.callerOf(key),
      expiresAt: key?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
      checkedAt,
      checking: false,
    } as Entry;
    this.remember(keyHash, entry);
    return entry;
  }

  private callerOf(key: ApiKey): Caller | undefined {
    const { success, data } = storedKey.safeParse(key);
    if (!success) {
      this.corruptKeys++;
      this.log.error({ keyId: key.id }, 'A stored API key is corrupt and was not believed');
      return undefined;
    }
    return data.revokedAt ? undefined : { id: data.id, name: data.name, scopes: new Set(data.scopes) };
  }

  private remember(keyHash: string, entry: Entry): void {
    this.entries.delete(keyHash);
    // Unknown keys are not remembered: guessing must not push real ones out.
    if (!entry.caller) return;
    this.entries.set(keyHash, entry);
    const oldest = this.entries.keys().next().value;
    if (this.entries.size > this.config.apiKeys.cacheSize && oldest !== undefined)
      this.entries.delete(oldest);
  }
}
