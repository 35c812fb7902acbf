import type { TestOtklik } from './test-otklik.js';

interface EndpointRow {
  readonly eventTypes?: readonly string[];
  readonly ordered?: boolean;
  readonly enabled?: boolean;
  readonly rateLimitPerSecond?: number;
}

/** Endpoints, events and deliveries as rows, where a spec is about what is done with them inside PostgreSQL. */
export function webhookRows(otklik: TestOtklik) {
  const at = () => new Date(otklik.clock.now());

  return {
    async endpoint({ eventTypes, ordered, enabled, rateLimitPerSecond }: EndpointRow = {}): Promise<string> {
      const [row] = await otklik.database.query<{ id: string }>(
        `with made as (
           insert into webhooks (id, url, event_types, ordered, enabled, rate_limit_per_second, created_at, updated_at)
           values (uuid_v7($1), 'http://127.0.0.1:9/hook', $2, $3, $4, $5, $1, $1)
           returning id
         )
         insert into webhook_states (webhook_id) select id from made returning webhook_id as id`,
        [at(), eventTypes ?? null, ordered ?? false, enabled ?? true, rateLimitPerSecond ?? null],
      );
      if (!row) throw new Error('No endpoint was made.');
      return row.id;
    },

    /** So many events, in as many conversations unless one is given. */
    async events(count: number, type = 'conversation.opened', conversationId?: string): Promise<void> {
      await otklik.database.query(
        `insert into events (id, type, conversation_id, occurred_at, data)
         select uuid_v7($1), $2, coalesce($3::uuid, gen_random_uuid()), $1, '{}' from generate_series(1, $4)`,
        [at(), type, conversationId ?? null, count],
      );
    },

    /** An endpoint's deliveries, in the order of their events. */
    deliveries(webhookId: string): Promise<
      readonly {
        readonly id: string;
        readonly eventType: string;
        readonly outcome: string | null;
        readonly attempts: number;
        readonly isHeldBack: boolean;
        readonly isDue: boolean;
      }[]
    > {
      return otklik.database.query(
        `select id, event_type as "eventType", outcome, attempts, next_attempt_at = 'infinity' as "isHeldBack",
                outcome is null and next_attempt_at <= $2 as "isDue"
           from deliveries where webhook_id = $1 order by event_position`,
        [webhookId, at()],
      );
    },

    async state(webhookId: string) {
      const [state] = await otklik.database.query<{
        failures: number;
        failingSince: Date | null;
        blockedUntil: Date | null;
      }>(
        `select failures, failing_since as "failingSince", blocked_until as "blockedUntil"
           from webhook_states where webhook_id = $1`,
        [webhookId],
      );
      return state;
    },
  };
}
