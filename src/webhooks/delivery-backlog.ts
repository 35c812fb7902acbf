import { Injectable } from '@nestjs/common';

/** How far webhooks are behind, in the whole installation. */
export interface DeliveryBacklog {
  readonly enabled: number;
  /** Of these, how many have failed since their last success. */
  readonly failing: number;
  /** Endpoints that get nothing for a while, because they failed or asked for time. */
  readonly paused: number;
  /** Endpoints that Otklik disabled itself. */
  readonly disabled: number;
  /** When the first event happened of which no deliveries were made yet; null: there is none. */
  readonly oldestEvent: Date | null;
  /** Since when the first delivery is due that nothing holds back; null: there is none. */
  readonly oldestDue: Date | null;
}

/** Looks how far webhooks are behind. */
@Injectable()
export class DeliveryBacklogs {
  /**
   * One statement; an index probe for each endpoint.
   *
   * @param query sends it: whoever asks says how long it may take
   */
  async read(
    at: Date,
    query: (text: string, values: readonly unknown[]) => Promise<DeliveryBacklog[]>,
  ): Promise<DeliveryBacklog> {
    const [backlog] = await query(
      `select count(*) filter (where webhook.enabled)::int as enabled,
              count(*) filter (where webhook.enabled and state.failing_since is not null)::int as failing,
              count(*) filter (where webhook.enabled and state.blocked_until > $1)::int as paused,
              count(*) filter (where webhook.disabled_reason in ('gone', 'failing'))::int as disabled,
              (select occurred_at from events
                where position > (select position from event_fan_out)
                order by position
                limit 1) as "oldestEvent",
              min(first.next_attempt_at) as "oldestDue"
         from webhooks webhook
         join webhook_states state on state.webhook_id = webhook.id
         left join lateral (
           select delivery.next_attempt_at
             from deliveries delivery
            where delivery.webhook_id = webhook.id and delivery.outcome is null
              and delivery.next_attempt_at <= $1
              and (delivery.leased_until is null or delivery.leased_until <= $1)
            order by delivery.next_attempt_at
            limit 1) first
           on webhook.enabled and webhook.rate_limit_per_second is null
          and (state.blocked_until is null or state.blocked_until <= $1)
        where webhook.deleted_at is null`,
      [at],
    );
    if (!backlog) throw new Error('The backlog of deliveries gave no answer.');
    return backlog;
  }
}
