import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Clock, IdGenerator } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { notFound } from '../errors/domain-error.js';
import { ErasureRepository } from './erasure.repository.js';
import type { ErasureView } from './erasure.schemas.js';
import { Erasures } from './erasures.js';

/** Erasing clients: saying so, and reading how far it is. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly table: ErasureRepository,
    private readonly erasures: Erasures,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Takes a client away at once, and has all that was about it deleted behind that.
   *
   * @throws DomainError `client_not_found`
   */
  async begin(clientId: string): Promise<ErasureView> {
    const id = this.ids.next();
    const at = new Date(this.clock.now());
    const clientHash = hash('sha256', clientId);
    // A name that no caller can give a client: nobody reads what is being erased by it, or writes there.
    const erasure = { id, clientHash, standIn: `erased/${id}`, keysDeleted: false };
    await this.transactor.run(async (tx) => {
      if (!(await this.table.lockClient(tx, clientId))) throw notFound('client', clientId);
      await this.table.replace(tx, clientId, erasure.standIn, at);
      await this.table.insert(tx, erasure, at);
      // Who it was must not stand where nothing is ever deleted.
      await this.audit.record(tx, { action: 'client.erased', subject: id, after: { clientHash } });
    });
    this.erasures.wake();
    return { id, clientHash, requestedAt: at.toISOString(), finishedAt: null };
  }

  /** @throws DomainError `erasure_not_found` */
  async find(id: string): Promise<ErasureView> {
    const erasure = await this.table.find(id);
    if (!erasure) throw notFound('erasure', id);
    const { clientHash, requestedAt, finishedAt } = erasure;
    return {
      id,
      clientHash,
      requestedAt: requestedAt.toISOString(),
      finishedAt: finishedAt?.toISOString() ?? null,
    };
  }
}
