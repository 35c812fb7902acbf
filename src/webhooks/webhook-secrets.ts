import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { SecretSealing } from './secret-sealing.js';
import { newSecret } from './signing/webhook-secret.js';
import type { RotatedSecret } from './webhook.schemas.js';

/** How many secrets of an endpoint sign at once, however often they are rotated. */
const MOST = 5;

/** The table of secrets. They are stored sealed, and shown only when they are made. */
@Injectable()
export class WebhookSecrets {
  private readonly overlap: number;

  constructor(
    private readonly sealing: SecretSealing,
    private readonly ids: IdGenerator,
    @Inject(CONFIG) config: Config,
  ) {
    this.overlap = config.webhooks.secretOverlap;
  }

  /** Gives an endpoint its first secret, or the one that signs from now on. */
  async add(tx: EntityManager, webhookId: string, at: Date): Promise<string> {
    const secret = newSecret();
    await tx.query(
      'insert into webhook_secrets (id, webhook_id, sealed, created_at) values ($1, $2, $3, $4)',
      [this.ids.next(), webhookId, this.sealing.seal(secret, webhookId), at],
    );
    return secret;
  }

  /** Makes a new secret; the one before signs too for WEBHOOK_SECRET_OVERLAP. The endpoint is held. */
  async rotate(tx: EntityManager, webhookId: string, at: Date): Promise<RotatedSecret> {
    const until = new Date(at.getTime() + this.overlap);
    await tx.query(
      'update webhook_secrets set expires_at = $2 where webhook_id = $1 and expires_at is null',
      [webhookId, until],
    );
    const secret = await this.add(tx, webhookId, at);
    await tx.query(
      `delete from webhook_secrets
        where webhook_id = $1
          and (expires_at <= $2
               or id not in (
                 select id from webhook_secrets
                  where webhook_id = $1
                  order by expires_at desc nulls first, id desc
                  limit $3))`,
      [webhookId, at, MOST],
    );
    return { secret, previousUntil: until > at ? until.toISOString() : null };
  }
}
