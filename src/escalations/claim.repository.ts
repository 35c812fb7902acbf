import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { OutboxSignal } from '../events/outbox-signal.js';
import { requestContext } from '../logging/request-context.js';
import { QUEUED_ESCALATION } from './escalation.repository.js';
import type { QueuedEscalation } from './escalation.view.js';

/**
 * Gives claims back to the queue, where each has its old place, and tells of it.
 *
 * @param held selects the entries and locks them, claimed or not; its parameters begin with $4
 */
function giveBack(held: string): string {
  return `
    with held as (${held}), released as (
      update escalations escalation
         set operator_id = null, claimed_at = null, claim_expires_at = null
        from held
       where escalation.id = held.id and held.resolved_at is null and held.claimed_at is not null
      returning ${QUEUED_ESCALATION}, held.operator_id as "heldBy", held.claim_expires_at as "heldUntil"
    ), told as (
      insert into events (id, type, conversation_id, trace_id, occurred_at, data)
      select uuid_v7($1), 'escalation.released', "conversationId", $2, $1,
             json_build_object(
               'escalationId', id, 'conversationId', "conversationId", 'clientId', "clientId",
               'operatorId', "heldBy", 'reason', $3::text)
        from released
       order by "heldUntil", id
    )
    select * from released order by "heldUntil", id`;
}

/**
 * Who works on which escalation. Each statement is a transaction of its own, with its events in it, and locks entries
 * of the queue and nothing else: it needs no lock on the client. A claim and the expiry pass over what somebody is
 * just answering, a release waits for it: the answer always wins.
 */
@Injectable()
export class ClaimRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly signal: OutboxSignal,
  ) {}

  /** Gives an operator the most urgent entry that waits, the oldest of them. */
  async claim(operatorId: string, at: Date, expiresAt: Date): Promise<QueuedEscalation | undefined> {
    const [claimed] = await this.dataSource.query<QueuedEscalation[]>(
      `with next as (
         select id from escalations
          where resolved_at is null and claimed_at is null
          order by priority desc, created_at, id
          limit 1
            for update skip locked
       ), claimed as (
         update escalations escalation
            set operator_id = $1, claimed_at = $2, claim_expires_at = $3
           from next
          where escalation.id = next.id
         returning ${QUEUED_ESCALATION}
       ), told as (
         insert into events (id, type, conversation_id, trace_id, occurred_at, data)
         select uuid_v7($2), 'escalation.claimed', "conversationId", $4, $2,
                json_build_object(
                  'escalationId', id, 'conversationId', "conversationId", 'clientId', "clientId",
                  'operatorId', "operatorId", 'claimExpiresAt', iso8601("claimExpiresAt"))
           from claimed
       )
       select * from claimed`,
      [operatorId, at, expiresAt, traceId()],
    );
    if (claimed) this.signal.raise();
    return claimed;
  }

  /** Gives an entry back; undefined: it is not claimed, not open, or not there. */
  async release(id: string, at: Date): Promise<QueuedEscalation | undefined> {
    const [released] = await this.dataSource.query<QueuedEscalation[]>(
      giveBack(`
        select * from escalations where id = $4 for update`),
      [at, traceId(), 'released', id],
    );
    if (released) this.signal.raise();
    return released;
  }

  /**
   * Gives claims back that have expired, the first to expire first.
   *
   * @returns until when they were held
   */
  async expire(at: Date, limit: number): Promise<Date[]> {
    const released: { heldUntil: Date }[] = await this.dataSource.query(
      giveBack(`
        select * from escalations
         where resolved_at is null and claimed_at is not null and claim_expires_at <= $1
         order by claim_expires_at
         limit $4
           for update skip locked`),
      [at, traceId(), 'expired', limit],
    );
    if (released.length > 0) this.signal.raise();
    return released.map(({ heldUntil }) => heldUntil);
  }

  /** Gives a claim back that no operator holds, or that never expires; false: it is in order by now. */
  async giveBackAbandoned(id: string, at: Date): Promise<boolean> {
    const released: unknown[] = await this.dataSource.query(
      giveBack(`
        select * from escalations
         where id = $4 and (operator_id is null or claim_expires_at is null)
           for update`),
      [at, traceId(), 'self_check', id],
    );
    if (released.length > 0) this.signal.raise();
    return released.length > 0;
  }

  /** When the next claim expires; one that has, and was passed over, is left to whoever was working on it. */
  async nextExpiry(after: Date): Promise<Date | undefined> {
    const [next] = await this.dataSource.query<{ expiresAt: Date }[]>(
      `select claim_expires_at as "expiresAt" from escalations
        where resolved_at is null and claimed_at is not null and claim_expires_at > $1
        order by claim_expires_at
        limit 1`,
      [after],
    );
    return next?.expiresAt;
  }
}

function traceId(): string | null {
  return requestContext.getStore()?.traceId ?? null;
}
