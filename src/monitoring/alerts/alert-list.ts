import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { walkAlongIndexes } from '../../database/index-walk.js';
import { decodeCursor, type Page, toPage } from '../../http/pagination.js';
import type { Alert } from './alert.js';
import type { AlertView, ListAlerts } from './alert.schemas.js';

interface ListedAlert extends Alert {
  readonly notices: AlertView['notices'] | null;
}

const STATUS = { open: 'and resolved_at is null', resolved: 'and resolved_at is not null' } as const;

/** Alerts for people who look at them. */
@Injectable()
export class AlertList {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first: ids are in the order of time. */
  async list({ status, limit, cursor }: ListAlerts): Promise<Page<AlertView>> {
    const position = cursor === undefined ? [] : decodeCursor('alerts', cursor, ['id']);
    const rows = await this.dataSource.transaction(async (tx): Promise<ListedAlert[]> => {
      await walkAlongIndexes(tx);
      return tx.query(
        `select alert.id, service, severity, message, raised_at as "raisedAt", changed_at as "changedAt",
                resolved_at as "resolvedAt",
                (select json_agg(json_build_object(
                          'channel', channel, 'action', notice->>'action', 'severity', notice->>'severity',
                          'status', case when sent_at is null then 'pending' else 'sent' end,
                          'attempts', attempts, 'sentAt', iso8601(sent_at), 'lastError', last_error)
                        order by notice.id)
                   from alert_notices notice where notice.alert_id = alert.id) as notices
           from alerts alert
          where true ${status ? STATUS[status] : ''} ${cursor === undefined ? '' : 'and alert.id < $2'}
          order by alert.id desc
          limit $1`,
        [limit + 1, ...position],
      );
    });
    return toPage('alerts', rows, limit, ({ id }) => [id], alertView);
  }
}

function alertView({ raisedAt, changedAt, resolvedAt, notices, ...alert }: ListedAlert): AlertView {
  return {
    ...alert,
    status: resolvedAt ? 'resolved' : 'open',
    raisedAt: raisedAt.toISOString(),
    changedAt: changedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
    notices: notices ?? [],
  };
}
