import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { State } from '../part-state.js';
import type { Alert } from './alert.js';

/** How a part is, by all processes that watch. */
export interface Verdict {
  readonly status: State;
  readonly message: string | null;
}

const COLUMNS = `id, service, severity, message, raised_at as "raisedAt", changed_at as "changedAt",
  resolved_at as "resolvedAt"`;

/** The worst that a process says that was seen lately; the first of them, where several say it. */
const WORST = `order by array_position('{unhealthy,degraded,healthy}', status), instance`;

/** The table of alerts. */
@Injectable()
export class AlertRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Parts that are not as their alerts say, by the processes that were seen since then. */
  async changed(since: Date): Promise<string[]> {
    const rows: { service: string }[] = await this.dataSource.query(
      `select state.service
         from (select distinct on (service) service, status from monitoring_states
                where seen_at >= $1
                ${WORST.replace('order by', 'order by service,')}) state
         left join alerts alert on alert.service = state.service and alert.resolved_at is null
        where state.status <> coalesce(alert.severity, 'healthy')`,
      [since],
    );
    return rows.map(({ service }) => service);
  }

  /** Locks what all processes say of a part, so that one at a time decides about its alert. */
  async judge(tx: EntityManager, service: string, since: Date): Promise<Verdict | undefined> {
    await tx.query('select from monitoring_states where service = $1 order by instance for update', [
      service,
    ]);
    const [verdict]: Verdict[] = await tx.query(
      `select status, message from monitoring_states where service = $1 and seen_at >= $2 ${WORST} limit 1`,
      [service, since],
    );
    return verdict;
  }

  async findOpen(tx: EntityManager, service: string): Promise<Alert | undefined> {
    const [alert]: Alert[] = await tx.query(
      `select ${COLUMNS} from alerts where service = $1 and resolved_at is null`,
      [service],
    );
    return alert;
  }

  /** @returns false: another process raised it at this moment */
  async insert(tx: EntityManager, alert: Alert): Promise<boolean> {
    const rows = await tx.query(
      `insert into alerts (id, service, severity, message, raised_at, changed_at)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (service) where resolved_at is null do nothing
       returning id`,
      [alert.id, alert.service, alert.severity, alert.message, alert.raisedAt, alert.changedAt],
    );
    return rows.length > 0;
  }

  async update(tx: EntityManager, alert: Alert): Promise<void> {
    await tx.query(
      'update alerts set severity = $2, message = $3, changed_at = $4, resolved_at = $5 where id = $1',
      [alert.id, alert.severity, alert.message, alert.changedAt, alert.resolvedAt],
    );
  }
}
