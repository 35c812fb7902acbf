import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Clock, IdGenerator } from '../clock/clock.js';
import { Transactor } from '../database/transactor.js';
import { requestContext } from '../logging/request-context.js';
import { MaintenanceRepository, type Stay } from './maintenance.repository.js';
import { MaintenanceState } from './maintenance-state.js';

/**
 * Maintenance: what clients send in is refused, and what goes on by itself pauses, while people read and administrators
 * work. It holds for all processes of the installation and across restarts.
 */
@Injectable()
export class MaintenanceMode {
  constructor(
    private readonly transactor: Transactor,
    private readonly stays: MaintenanceRepository,
    private readonly state: MaintenanceState,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /** Whether it is maintenance, as far as this process has heard; asks nobody. */
  get isOn(): boolean {
    return this.state.stay !== undefined;
  }

  /** The same, with why and since when. */
  get stay(): Stay | undefined {
    return this.state.stay;
  }

  /** As it is in the whole installation; this process knows it then, too. */
  async look(): Promise<Stay | undefined> {
    await this.state.look();
    return this.state.stay;
  }

  /** As it is in the whole installation, and stays until the end of the transaction. */
  hold(tx: EntityManager): Promise<Stay | undefined> {
    return this.stays.read(tx);
  }

  /** Enters it, or gives another reason where it goes on. From then on it is somebody's who has to leave it. */
  async enter(reason: string): Promise<Stay | undefined> {
    await this.changing(async (tx) => {
      if (await this.begin(tx, reason)) return;
      const before = await this.stays.read(tx);
      await this.stays.takeOver(tx, this.ids.next(), reason);
      await this.audit.record(tx, {
        action: 'maintenance.changed',
        subject: null,
        before: before && { reason: before.reason },
        after: { reason },
      });
    });
    return this.state.stay;
  }

  /** Leaves it, whoever entered it; nothing where it is not maintenance. */
  async leave(): Promise<Stay | undefined> {
    await this.changing((tx) => this.end(tx));
    return this.state.stay;
  }

  /** Does the work in maintenance; what was entered for it is left afterwards, unless somebody made it his own. */
  async during<T>(reason: string, work: () => Promise<T>): Promise<T> {
    const entered = await this.changing((tx) => this.begin(tx, reason));
    try {
      return await work();
    } finally {
      if (entered) await this.changing((tx) => this.end(tx, entered.id));
    }
  }

  /** @returns undefined: it is maintenance already */
  private async begin(tx: EntityManager, reason: string): Promise<Stay | undefined> {
    const stay: Stay = {
      id: this.ids.next(),
      reason,
      enteredAt: new Date(this.clock.now()),
      enteredBy: requestContext.getStore()?.origin?.caller?.name ?? 'otklik',
    };
    if (!(await this.stays.enter(tx, stay))) return undefined;
    await this.audit.record(tx, { action: 'maintenance.entered', subject: null, after: { reason } });
    return stay;
  }

  /** @param id leaves this stay only */
  private async end(tx: EntityManager, id?: string): Promise<void> {
    const stay = await this.stays.read(tx);
    if (!stay || (id !== undefined && id !== stay.id)) return;
    await this.stays.leave(tx);
    await this.audit.record(tx, {
      action: 'maintenance.left',
      subject: null,
      before: { reason: stay.reason, enteredAt: stay.enteredAt.toISOString() },
    });
  }

  /** What changed holds here at once, and in the other processes as soon as they hear of it. */
  private async changing<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const result = await this.transactor.run(async (tx) => {
      await this.state.announce(tx);
      return work(tx);
    });
    await this.state.look();
    return result;
  }
}
