import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError, notFound } from '../errors/domain-error.js';
import { ClaimRepository } from './claim.repository.js';
import { ClaimExpiry } from './claim-expiry.js';
import { EscalationRepository } from './escalation.repository.js';
import type { Claim, EscalationView } from './escalation.schemas.js';
import { escalationView } from './escalation.view.js';

/** Operators who take the next escalation, and give it back. */
@Injectable()
export class ClaimService {
  private readonly claimTimeout: number;

  constructor(
    private readonly claims: ClaimRepository,
    private readonly escalations: EscalationRepository,
    private readonly expiry: ClaimExpiry,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.claimTimeout = config.escalations.claimTimeout;
  }

  /** The next one, for this operator alone until it is answered, given back, or the claim expires. */
  async claim({ operatorId }: Claim): Promise<EscalationView | undefined> {
    const now = this.clock.now();
    const expiresAt = new Date(now + this.claimTimeout);
    const claimed = await this.claims.claim(operatorId, new Date(now), expiresAt);
    if (!claimed) return undefined;
    this.expiry.expect(expiresAt);
    return escalationView(claimed);
  }

  /** @throws DomainError `escalation_not_found`, `escalation_resolved` or `escalation_not_claimed` */
  async release(id: string): Promise<EscalationView> {
    const released = await this.claims.release(id, new Date(this.clock.now()));
    if (released) return escalationView(released);
    const found = await this.escalations.findById(id);
    if (!found) throw notFound('escalation', id);
    if (found.resolvedAt) {
      throw new DomainError('conflict', 'escalation_resolved', `The escalation ${id} is resolved.`);
    }
    throw new DomainError('conflict', 'escalation_not_claimed', `Nobody has claimed the escalation ${id}.`);
  }
}
