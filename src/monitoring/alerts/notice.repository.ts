import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Notice } from './alert.js';

/** A notice on its way to a channel. */
export interface DueNotice {
  readonly id: string;
  readonly channel: string;
  readonly notice: Notice;
  /** This one included. */
  readonly attempts: number;
}

/** What came of an attempt. */
export interface NoticeResult {
  readonly id: string;
  readonly sentAt: Date | null;
  readonly nextAttemptAt: Date;
  readonly error: string | null;
}

/** The table of what is told of alerts. */
@Injectable()
export class NoticeRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** @param told channels that know it already */
  async insert(
    tx: EntityManager,
    alertId: string,
    notice: Notice,
    notices: readonly { readonly id: string; readonly channel: string; readonly isTold: boolean }[],
  ): Promise<void> {
    await tx.query(
      `insert into alert_notices (id, alert_id, channel, notice, next_attempt_at, sent_at)
       select id, $1, channel, $2, $3::timestamptz, case when "isTold" then $3::timestamptz end
         from jsonb_to_recordset($4) as notice (id uuid, channel text, "isTold" boolean)`,
      [alertId, JSON.stringify(notice), new Date(notice.at), JSON.stringify(notices)],
    );
  }

  /**
   * Takes those that are due for some time; after it, another process may. What a channel was told of an alert before,
   * it has to have taken first.
   */
  async claim(at: Date, until: Date, channels: readonly string[], limit: number): Promise<DueNotice[]> {
    const [rows] = await this.dataSource.query(
      `update alert_notices set attempts = attempts + 1, next_attempt_at = $2
        where id in (
          select id from alert_notices due
           where sent_at is null and next_attempt_at <= $1 and channel = any($3)
             and not exists (
               select from alert_notices earlier
                where earlier.alert_id = due.alert_id and earlier.channel = due.channel
                  and earlier.id < due.id and earlier.sent_at is null)
           order by next_attempt_at, id
           limit $4
             for update skip locked)
        returning id, channel, notice, attempts`,
      [at, until, channels, limit],
    );
    return rows;
  }

  async record({ id, sentAt, nextAttemptAt, error }: NoticeResult): Promise<void> {
    await this.dataSource.query(
      'update alert_notices set sent_at = $2, next_attempt_at = $3, last_error = $4 where id = $1',
      [id, sentAt, nextAttemptAt, error],
    );
  }
}
