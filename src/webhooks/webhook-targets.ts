import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { DomainError } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { SecretSealing } from './secret-sealing.js';
import type { Target } from './sending/attempt-result.js';
import { type StoredTarget, WebhookRepository } from './webhook.repository.js';

/** How many endpoints are remembered; the oldest go first. */
const MOST = 5_000;

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
 * What workers need to know of endpoints, secrets opened. It is loaded once for each revision; those that are asked for
 * in the same turn of the event loop are loaded together.
 */
@Injectable()
export class WebhookTargets {
  private readonly remembered = new Map<string, Remembered>();
  private loading:
    | { readonly ids: Set<string>; readonly loaded: Promise<Map<string, StoredTarget>> }
    | undefined;

  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly sealing: SecretSealing,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * An endpoint of this revision, or of a later one; the same object until something of it changes. Secrets that have
   * expired are left out.
   *
   * @returns undefined: it is gone
   * @throws DomainError `secret_unreadable`
   */
  async get(webhookId: string, revision: number): Promise<Target | undefined> {
    const known = this.remembered.get(webhookId);
    if (known && known.target.revision >= revision) return this.present(known);
    const stored = await this.load(webhookId);
    if (!stored) {
      this.remembered.delete(webhookId);
      return undefined;
    }
    return this.present(this.remember(stored));
  }

  private async load(webhookId: string): Promise<StoredTarget | undefined> {
    if (!this.loading) {
      const ids = new Set<string>();
      const loaded = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
        this.loading = undefined;
        const stored = await this.webhooks.findTargets([...ids]);
        return new Map(stored.map((target) => [target.id, target]));
      });
      this.loading = { ids, loaded };
    }
    this.loading.ids.add(webhookId);
    return (await this.loading.loaded).get(webhookId);
  }

  private remember(stored: StoredTarget): Remembered {
    // Whoever asked for it in the same moment has done so already.
    const known = this.remembered.get(stored.id);
    if (known && known.target.revision >= stored.revision) return known;
    const { id: webhookId, revision, url, headers } = stored;
    const fresh: Remembered = {
      secrets: this.open(stored),
      target: { webhookId, revision, url, headers, secrets: [] },
      validUntil: Number.NEGATIVE_INFINITY,
    };
    this.remembered.delete(webhookId);
    this.remembered.set(webhookId, fresh);
    const oldest = this.remembered.keys().next().value;
    if (this.remembered.size > MOST && oldest !== undefined) this.remembered.delete(oldest);
    return fresh;
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
