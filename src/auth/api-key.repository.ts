import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, In } from 'typeorm';
import type { Page } from '../http/pagination.js';
import { decodeCursor, toPage } from '../http/pagination.js';
import { ApiKey } from './api-key.entity.js';

/** The table of API keys. */
@Injectable()
export class ApiKeyRepository {
  constructor(private readonly dataSource: DataSource) {}

  async insert(tx: EntityManager, key: ApiKey): Promise<void> {
    await tx.insert(ApiKey, key);
  }

  /** Keys that were not revoked, newest first. */
  async list<T>(limit: number, cursor: string | undefined, show: (key: ApiKey) => T): Promise<Page<T>> {
    const query = this.dataSource
      .createQueryBuilder(ApiKey, 'key')
      .where('key.revoked_at is null')
      .orderBy('key.id', 'DESC')
      .limit(limit + 1);
    if (cursor !== undefined)
      query.andWhere('key.id < :id', { id: decodeCursor('api-keys', cursor, ['id'])[0] });
    return toPage('api-keys', await query.getMany(), limit, (key) => [key.id], show);
  }

  findByHash(hash: string): Promise<ApiKey | null> {
    return this.dataSource.manager.findOneBy(ApiKey, { keyHash: hash });
  }

  findByHashes(hashes: readonly string[]): Promise<ApiKey[]> {
    return this.dataSource.manager.findBy(ApiKey, { keyHash: In([...hashes]) });
  }

  /** The hashes of the keys that were used last. */
  async lastUsed(count: number): Promise<string[]> {
    const rows: { keyHash: string }[] = await this.dataSource.query(
      `select key_hash as "keyHash" from api_keys
        where revoked_at is null and last_used_at is not null
        order by last_used_at desc
        limit $1`,
      [count],
    );
    return rows.map(({ keyHash }) => keyHash);
  }

  /** @returns the revoked key, or `undefined` where there was none to revoke */
  async revoke(tx: EntityManager, id: string, at: Date): Promise<ApiKey | undefined> {
    const [[row]] = (await tx.query(
      `update api_keys set revoked_at = $2
        where id = $1 and revoked_at is null
        returning id, name, prefix, scopes, key_hash as "keyHash", created_at as "createdAt",
                  expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"`,
      [id, at],
    )) as [ApiKey[], number];
    return row;
  }

  /** Writes down when keys were last used, all in one statement. */
  async recordUse(uses: ReadonlyMap<string, number>): Promise<void> {
    await this.dataSource.query(
      `update api_keys k set last_used_at = u.at
         from unnest($1::uuid[], $2::timestamptz[]) as u (id, at)
        where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)`,
      [[...uses.keys()], [...uses.values()].map((at) => new Date(at))],
    );
  }
}
