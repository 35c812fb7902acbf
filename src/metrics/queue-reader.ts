import { Injectable } from '@nestjs/common';
import type { QueryConfig } from 'pg';
import { DataSource } from 'typeorm';
import type { ScheduleRow } from '../backups/backup-schedule.js';
import { poolOf } from '../database/pinging-pool.js';

/** How far the work of the whole installation is behind. Ages are seconds; null: nothing waits. */
export interface Queues {
  readonly fanOutAge: number | null;
  readonly remindersDue: number;
  readonly reminderAge: number | null;
  readonly escalationsWaiting: number;
  readonly escalationsClaimed: number;
  readonly escalationAge: number | null;
  readonly deliveriesDue: number;
  readonly deliveryAge: number | null;
  readonly endpointsWell: number;
  readonly endpointsFailing: number;
  readonly endpointsPaused: number;
  readonly endpointsDisabled: number;
  readonly endpointsGivenUp: number;
  /** Seconds since 1970. */
  readonly backupCompletedAt: number | null;
  readonly backupFailedAt: number | null;
  readonly backupSchedule: ScheduleRow;
}

type Row = Omit<Queues, 'backupSchedule'> & ScheduleRow;

/** Beyond this, nobody counts on: the number is large, and counting is work. */
export const COUNTED_MOST = 10_000;

/** One statement, each part of it a piece of one index, but for the runs of backups, which are few. */
const STATEMENT = `with open_escalations as materialized (
         select (claimed_at is not null) as is_claimed from escalations where resolved_at is null limit $2
       ), endpoints as materialized (
         select case when webhook.disabled_reason in ('gone', 'failing') then 'given_up'
                     when not webhook.enabled then 'disabled'
                     when state.blocked_until > $1 then 'paused'
                     when state.failing_since is not null then 'failing'
                     else 'well' end as state,
                due.number, due.since, webhook.rate_limit_per_second
           from webhooks webhook
           join webhook_states state on state.webhook_id = webhook.id
           left join lateral (
             select count(*) as number, min(next_attempt_at) as since
               from (select next_attempt_at from deliveries delivery
                      where delivery.webhook_id = webhook.id and delivery.outcome is null
                        and delivery.next_attempt_at <= $1
                      order by delivery.next_attempt_at
                      limit $2) waiting) due
             on webhook.enabled
          where webhook.deleted_at is null
       )
       select (select extract(epoch from $1 - occurred_at)::float8 from events
                where position > (select position from event_fan_out)
                order by position limit 1) as "fanOutAge",
              (select count(*)::int from (
                 select from reminders
                  where scheduled_at <= $1 and cancelled_at is null and sent_at is null and failed_at is null
                  limit $2) due) as "remindersDue",
              (select extract(epoch from $1 - scheduled_at)::float8 from reminders
                where scheduled_at <= $1 and cancelled_at is null and sent_at is null and failed_at is null
                order by scheduled_at limit 1) as "reminderAge",
              (select count(*)::int from open_escalations where not is_claimed) as "escalationsWaiting",
              (select count(*)::int from open_escalations where is_claimed) as "escalationsClaimed",
              (select extract(epoch from $1 - min(first.created_at))::float8
                 from unnest(enum_range(null::priority)) as kind (priority)
                cross join lateral (
                  select escalation.created_at from escalations escalation
                   where escalation.priority = kind.priority
                     and escalation.resolved_at is null and escalation.claimed_at is null
                   order by escalation.created_at limit 1) first) as "escalationAge",
              (select coalesce(sum(number), 0)::int from endpoints) as "deliveriesDue",
              -- Where an endpoint holds them back, by its rate limit or a pause, nobody is late.
              (select extract(epoch from $1 - min(since))::float8 from endpoints
                where state in ('well', 'failing') and rate_limit_per_second is null) as "deliveryAge",
              (select count(*)::int from endpoints where state = 'well') as "endpointsWell",
              (select count(*)::int from endpoints where state = 'failing') as "endpointsFailing",
              (select count(*)::int from endpoints where state = 'paused') as "endpointsPaused",
              (select count(*)::int from endpoints where state = 'disabled') as "endpointsDisabled",
              (select count(*)::int from endpoints where state = 'given_up') as "endpointsGivenUp",
              (select extract(epoch from max(finished_at))::float8 from backup_runs
                where action = 'backup' and status = 'completed') as "backupCompletedAt",
              (select extract(epoch from max(finished_at))::float8 from backup_runs
                where action = 'backup' and status = 'failed') as "backupFailedAt",
              daily_at as "dailyAt", weekly_at as "weeklyAt", keep,
              daily_slot as "dailySlot", weekly_slot as "weeklySlot"
         from backup_schedule`;

/** Looks how far the queues of the database are behind. */
@Injectable()
export class QueueReader {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Asks once.
   *
   * @param limit milliseconds after which the connection is given up
   */
  async read(at: Date, limit: number): Promise<Queues> {
    const client = await poolOf(this.dataSource).connect();
    let isWell = false;
    try {
      // node-postgres takes the limit with the query (client.js); its types know it only for the whole client.
      const query: QueryConfig & { query_timeout: number } = {
        text: STATEMENT,
        values: [at, COUNTED_MOST],
        query_timeout: limit,
      };
      const { rows } = await client.query<Row>(query);
      isWell = true;
      const [row] = rows;
      if (!row) throw new Error('The queues gave no answer.');
      return { ...row, backupSchedule: row };
    } finally {
      client.release(!isWell);
    }
  }
}
