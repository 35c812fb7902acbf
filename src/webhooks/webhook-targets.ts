import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Cache } from '../cache/cache.js';
import type { Cached } from '../cache/cached.js';
import { LoadTogether } from '../cache/load-together.js';
import { Clock } from '../clock/clock.js';
import { DomainError } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { SecretSealing } from './secret-sealing.js';
import type { Target } from './sending/attempt-result.js';
import { type StoredTarget, WebhookRepository } from './webhook.repository.js';

/** How many endpoints a warm-up fetches. */
const MOST_WARMED = 1_000;

interface OpenedSecret {
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Remembered {
  readonly secrets: readonly OpenedSecret[];
  target: Target;
  /** Until when the target has the secrets that sign, in milliseconds since 1970. */
  validUntil: number;
}

/**
 * What workers need to know of endpoints, secrets opened. Each is loaded once for its revision, which comes with every
 * delivery; those that are asked for in the same turn of the event loop are loaded together. Nothing of them leaves the
 * process: there are secrets in it.
 */
@Injectable()
export class WebhookTargets {
  private readonly remembered: Cached<Remembered, StoredTarget>;
  private readonly stored: LoadTogether<StoredTarget>;

  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly sealing: SecretSealing,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    cache: Cache,
  ) {
    const form = z.custom<StoredTarget>().transform((stored) => this.opened(stored));
    this.remembered = cache.of('webhook_endpoints', form);
    this.stored = new LoadTogether((ids) => this.load(ids));
    cache.onWarmUp('webhook_endpoints', () => this.warmUp());
  }

  /**
   * An endpoint of this revision, or of a later one; the same object until something of it changes. Secrets that have
   * expired are left out.
   *
   * @returns undefined: it is gone
   * @throws DomainError `secret_unreadable`
   */
  async get(webhookId: string, revision: number): Promise<Target | undefined> {
    const load = () => this.stored.load(webhookId);
    let known = this.remembered.peek(webhookId, load) ?? (await this.remembered.get(webhookId, load));
    if (known && known.target.revision < revision) {
      this.remembered.drop(webhookId);
      known = await this.remembered.get(webhookId, load);
    }
    return known && this.present(known);
  }

  private async load(ids: readonly string[]): Promise<Map<string, StoredTarget>> {
    const stored = await this.webhooks.findTargets(ids);
    return new Map(stored.map((target) => [target.id, target]));
  }

  private async warmUp(): Promise<number> {
    const ids = await this.webhooks.enabledIds(MOST_WARMED);
    return (await this.remembered.getMany(ids, (missing) => this.load(missing))).size;
  }

  private opened(stored: StoredTarget): Remembered {
    const { id: webhookId, revision, url, headers } = stored;
    return {
      secrets: this.open(stored),
      target: { webhookId, revision, url, headers, secrets: [] },
      validUntil: Number.NEGATIVE_INFINITY,
    };
  }

  private open({ id, sealed, expiresAt }: StoredTarget): OpenedSecret[] {
    return sealed.flatMap((bytes, index) => {
      const secret = this.sealing.open(bytes, id);
      const until = expiresAt[index]?.getTime() ?? Number.POSITIVE_INFINITY;
      if (secret !== undefined) return [{ secret, expiresAt: until }];
      // Requests are signed without one that is replaced already; nothing can stand in for the present one.
      if (until === Number.POSITIVE_INFINITY) throw unreadable(id);
      this.log.warn(
        { webhookId: id },
        'An old secret of a webhook cannot be opened: SECRET_ENCRYPTION_KEY changed',
      );
      return [];
    });
  }

  private present(known: Remembered): Target {
    const now = this.clock.now();
    if (now < known.validUntil) return known.target;
    const valid = known.secrets.filter(({ expiresAt }) => expiresAt > now);
    known.validUntil = Math.min(...valid.map(({ expiresAt }) => expiresAt));
    known.target = { ...known.target, secrets: valid.map(({ secret }) => secret) };
    return known.target;
  }
}

function unreadable(webhookId: string): DomainError {
  return new DomainError(
    'conflict',
    'secret_unreadable',
    `The secret of the webhook ${webhookId} cannot be opened: SECRET_ENCRYPTION_KEY is not the one that it was sealed with. Set the former key again, or rotate the secret.`,
  );
}
