import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../../clock/clock.js';
import { Transactor } from '../../database/transactor.js';
import type { NewEvent } from '../../events/event-catalogue.js';
import { Outbox } from '../../events/outbox.js';
import { LOG, type Log } from '../../logging/log.js';
import type { Alert, Outage } from './alert.js';
import { AlertRepository } from './alert.repository.js';
import { AlertNotices } from './alert-notices.js';

/** How much of what a part says of itself an alert takes, in characters. */
const LONGEST_MESSAGE = 2000;

/** Raises and resolves alerts, each once in the whole installation, and tells of them. */
@Injectable()
export class Alerts {
  constructor(
    private readonly transactor: Transactor,
    private readonly table: AlertRepository,
    private readonly notices: AlertNotices,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** @param seenSince processes that said nothing since then are not believed */
  async review(seenSince: Date): Promise<void> {
    for (const service of await this.table.changed(seenSince)) {
      const alert = await this.transactor.run((tx) => this.decide(tx, service, seenSince));
      if (alert) this.report(alert);
    }
  }

  /** Writes down that the database was away; some were told of it meanwhile. */
  async recordOutage({ message, since, told }: Outage): Promise<void> {
    await this.transactor.run((tx) =>
      this.raise(tx, { service: 'database', severity: 'unhealthy', message, at: since }, told),
    );
  }

  private async decide(tx: EntityManager, service: string, seenSince: Date): Promise<Alert | undefined> {
    const verdict = await this.table.judge(tx, service, seenSince);
    const open = await this.table.findOpen(tx, service);
    if (!verdict || verdict.status === (open?.severity ?? 'healthy')) return undefined;
    const at = new Date(this.clock.now());
    const { status } = verdict;
    if (status === 'healthy') return open && this.resolve(tx, open, at);
    const message = (verdict.message ?? `it is ${status}`).slice(0, LONGEST_MESSAGE);
    if (!open) return this.raise(tx, { service, severity: status, message, at });
    return this.change(tx, { ...open, severity: status, message, changedAt: at }, open);
  }

  private async raise(
    tx: EntityManager,
    { at, ...what }: Pick<Alert, 'service' | 'severity' | 'message'> & { readonly at: Date },
    told: readonly string[] = [],
  ): Promise<Alert | undefined> {
    const alert: Alert = { id: this.ids.next(), ...what, raisedAt: at, changedAt: at, resolvedAt: null };
    if (!(await this.table.insert(tx, alert))) return undefined;
    await this.tell(tx, alert, { type: 'alert.raised', previousSeverity: null }, told);
    return alert;
  }

  private async change(tx: EntityManager, alert: Alert, before: Alert): Promise<Alert> {
    await this.table.update(tx, alert);
    await this.tell(tx, alert, { type: 'alert.raised', previousSeverity: before.severity });
    return alert;
  }

  private async resolve(tx: EntityManager, open: Alert, at: Date): Promise<Alert> {
    const alert = { ...open, changedAt: at, resolvedAt: at };
    await this.table.update(tx, alert);
    await this.tell(tx, alert, { type: 'alert.resolved', resolvedAt: at.toISOString() });
    return alert;
  }

  /** By an event, and to the channels that were not told before. */
  private async tell(
    tx: EntityManager,
    alert: Alert,
    how:
      | { type: 'alert.raised'; previousSeverity: Alert['severity'] | null }
      | { type: 'alert.resolved'; resolvedAt: string },
    told: readonly string[] = [],
  ): Promise<void> {
    const { type, ...more } = how;
    const { id: alertId, service, severity, message } = alert;
    const data = { alertId, service, severity, message, raisedAt: alert.raisedAt.toISOString(), ...more };
    await this.outbox.append(tx, [{ type, conversationId: null, data } as NewEvent]);
    await this.notices.add(tx, alert, told);
  }

  private report({ id, service, severity, message, resolvedAt }: Alert): void {
    const facts = { alertId: id, service, severity };
    if (resolvedAt) this.log.info(facts, `${service} is healthy again.`);
    else this.log.warn(facts, `${service} is ${severity}: ${message}`);
  }
}
