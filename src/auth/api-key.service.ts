import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock, IdGenerator } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { invalidInput, notFound } from '../errors/domain-error.js';
import type { Page } from '../http/pagination.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyRepository } from './api-key.repository.js';
import type { ApiKeyView, CreateApiKey, CreatedApiKey, ListApiKeys } from './api-key.schemas.js';
import { Authenticator, hashKey } from './authenticator.js';
import { newApiKey } from './new-api-key.js';

const PREFIX_LENGTH = 8;

/** Makes, lists and revokes API keys. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly transactor: Transactor,
    private readonly keys: ApiKeyRepository,
    private readonly authenticator: Authenticator,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /** @returns the key with its secret, which nothing can show again */
  async create({ name, scopes, expiresAt }: CreateApiKey): Promise<CreatedApiKey> {
    const now = this.clock.now();
    const expiry = expiresAt === undefined ? null : new Date(expiresAt);
    if (expiry && expiry.getTime() <= now) {
      throw invalidInput([{ path: 'expiresAt', message: 'must be in the future' }]);
    }
    const key = newApiKey();
    const stored: ApiKey = {
      id: this.ids.next(),
      name,
      keyHash: hashKey(key),
      prefix: key.slice(0, PREFIX_LENGTH),
      scopes: [...new Set(scopes)],
      createdAt: new Date(now),
      expiresAt: expiry,
      revokedAt: null,
      lastUsedAt: null,
    };
    await this.transactor.run(async (tx) => {
      await this.keys.insert(tx, stored);
      await this.audit.record(tx, { action: 'api_key.created', subject: stored.id, after: granted(stored) });
    });
    return { ...view(stored), key };
  }

  list({ limit, cursor }: ListApiKeys): Promise<Page<ApiKeyView>> {
    return this.keys.list(limit, cursor, view);
  }

  /** Revokes a key: dead here at once, everywhere as soon as it is heard of, at the latest after `API_KEY_CACHE_TTL`. */
  async revoke(id: string): Promise<void> {
    await this.transactor.run(async (tx) => {
      const revoked = await this.keys.revoke(tx, id, new Date(this.clock.now()));
      if (!revoked) throw notFound('api_key', id, 'API key');
      await this.authenticator.forgetWith(tx, revoked.keyHash);
      await this.audit.record(tx, { action: 'api_key.revoked', subject: id, before: granted(revoked) });
    });
  }
}

/** What a key is and allows, as the audit log has it. */
function granted({ name, prefix, scopes, expiresAt }: ApiKey) {
  return { name, prefix, scopes, expiresAt: expiresAt?.toISOString() ?? null };
}

function view(key: ApiKey): ApiKeyView {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}
