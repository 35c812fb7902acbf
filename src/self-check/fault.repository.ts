import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { walkAlongIndexes } from '../database/index-walk.js';

/** Where a walk along an index stands: the columns of the last row that was looked at. */
export type WalkPosition = readonly string[];

/** What a step of a walk found. */
export interface WalkStep {
  readonly faults: readonly string[];
  /** Where to go on; absent at the end. */
  readonly next: WalkPosition | undefined;
}

/** Before the first row of each walk. */
const BEGINNINGS = {
  conversations: ['pending', '-infinity', '00000000-0000-0000-0000-000000000000'],
  reminders: ['-infinity', '00000000-0000-0000-0000-000000000000'],
  escalations: ['00000000-0000-0000-0000-000000000000'],
} as const;

interface StepRow {
  readonly seen: number;
  readonly faults: string[] | null;
  readonly next: string[] | null;
}

/**
 * Looks for what must not be, a step of an index at a time: a statement that looked at everything at once would hold
 * its snapshot for long. What it finds may be outdated; whoever repairs looks again behind the client's lock.
 *
 * Other tables are asked by `(select … limit 1)`, row by row along their indexes: an `exists` may be answered by
 * reading the whole table into a hash table first, history and all.
 */
@Injectable()
export class FaultRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Conversations that wait for the team, and that nothing will bring back to its mind. */
  forgottenConversations(after: WalkPosition | undefined, limit: number): Promise<WalkStep> {
    return this.step(
      `select id, array[status::text, last_activity_at::text, id::text] as position,
              waiting_since is not null
              and (select 1 from reminders reminder
                    where reminder.conversation_id = conversation.id and reminder.kind = 'policy'
                      and coalesce(reminder.sent_at, reminder.cancelled_at, reminder.failed_at) is null
                    limit 1) is null
              and (select 1 from escalations escalation
                    where escalation.conversation_id = conversation.id and escalation.resolved_at is null
                    limit 1) is null as is_fault
         from conversations conversation
        where (status, last_activity_at, id) > ($2::conversation_status, $3::timestamptz, $4::uuid)
          and status < 'closed'
        order by status, last_activity_at, id
        limit $1`,
      after ?? BEGINNINGS.conversations,
      limit,
    );
  }

  /** Closed conversations for which a reminder is pending. */
  remindersOfClosed(after: WalkPosition | undefined, limit: number): Promise<WalkStep> {
    return this.step(
      `select conversation_id as id, array[scheduled_at::text, id::text] as position,
              (select status from conversations conversation
                where conversation.id = reminder.conversation_id) = 'closed' as is_fault
         from reminders reminder
        where (scheduled_at, id) > ($2::timestamptz, $3::uuid)
          and cancelled_at is null and sent_at is null and failed_at is null
        order by scheduled_at, id
        limit $1`,
      after ?? BEGINNINGS.reminders,
      limit,
    );
  }

  /** Due reminders whose lease ends after the given moment. */
  stuckLeases(
    now: Date,
    leasedAfter: Date,
    after: WalkPosition | undefined,
    limit: number,
  ): Promise<WalkStep> {
    return this.step(
      `select id, array[scheduled_at::text, id::text] as position, coalesce(leased_until > $5, false) as is_fault
         from reminders
        where (scheduled_at, id) > ($2::timestamptz, $3::uuid)
          and scheduled_at <= $4
          and cancelled_at is null and sent_at is null and failed_at is null
        order by scheduled_at, id
        limit $1`,
      after ?? BEGINNINGS.reminders,
      limit,
      [now, leasedAfter],
    );
  }

  /** Open escalations that nobody holds although they are claimed, or that nobody ever has to give back. */
  abandonedClaims(after: WalkPosition | undefined, limit: number): Promise<WalkStep> {
    return this.openEscalations(
      'id',
      'claimed_at is not null and (operator_id is null or claim_expires_at is null)',
      after,
      limit,
    );
  }

  /** Conversations that are closed and still escalated. */
  escalatedAndClosed(after: WalkPosition | undefined, limit: number): Promise<WalkStep> {
    return this.openEscalations(
      'conversation_id',
      `(select status from conversations conversation
         where conversation.id = escalation.conversation_id) = 'closed'`,
      after,
      limit,
    );
  }

  private openEscalations(
    id: string,
    isFault: string,
    after: WalkPosition | undefined,
    limit: number,
  ): Promise<WalkStep> {
    return this.step(
      `select ${id} as id, array[conversation_id::text] as position, ${isFault} as is_fault
         from escalations escalation
        where conversation_id > $2::uuid and resolved_at is null
        order by conversation_id
        limit $1`,
      after ?? BEGINNINGS.escalations,
      limit,
    );
  }

  private async step(
    rows: string,
    after: WalkPosition,
    limit: number,
    more: readonly unknown[] = [],
  ): Promise<WalkStep> {
    const [found] = await this.dataSource.transaction(async (tx): Promise<StepRow[]> => {
      await walkAlongIndexes(tx);
      return tx.query(
        `with seen as (${rows}), numbered as (select *, row_number() over () as place from seen)
       select count(*)::int as seen, array_agg(id) filter (where is_fault) as faults,
              (select position from numbered order by place desc limit 1) as next
         from numbered`,
        [limit, ...after, ...more],
      );
    });
    const isEnd = !found || found.seen < limit;
    return { faults: found?.faults ?? [], next: isEnd ? undefined : (found.next ?? undefined) };
  }
}
