import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { walkAlongIndexes } from '../database/index-walk.js';
import { ListReads } from '../database/replicas/list-reads.js';
import { readRoutine } from '../database/routines.js';
import { decodeCursor, type Page, type Position, toPage } from '../http/pagination.js';
import { Attempt } from './attempt.entity.js';
import type { Delivery } from './delivery.entity.js';
import type { DeliveryStatus, LastAttemptView, ListDeliveries } from './delivery.schemas.js';
import type { Outgoing } from './sending/attempt-result.js';

/** Has events told to an endpoint once more; runs inside PostgreSQL. */
export const REQUEUE_DELIVERIES_ROUTINE = readRoutine(
  'requeue_deliveries',
  'webhooks/requeue-deliveries.sql',
);

/** A delivery with what its event and its last attempt say of it. */
export interface ListedDelivery extends Omit<Delivery, 'orderedBy' | 'tries' | 'leasedUntil' | 'leaseToken'> {
  readonly conversationId: string | null;
  readonly lastAttempt: LastAttemptView | null;
}

/** A delivery with its event as it is stored, and its attempts. */
export interface DetailedDelivery {
  readonly delivery: ListedDelivery;
  readonly event: Outgoing;
  readonly attempts: readonly Attempt[];
}

/** Each row looks its event and its attempt up by itself, so that no plan reads a table for it. */
const LISTED = `
  delivery.id, delivery.webhook_id as "webhookId", delivery.event_id as "eventId",
  delivery.event_position as "eventPosition", delivery.event_type as "eventType",
  delivery.attempts, delivery.next_attempt_at as "nextAttemptAt", delivery.outcome,
  delivery.created_at as "createdAt", delivery.finished_at as "finishedAt",
  (select event.conversation_id from events event where event.position = delivery.event_position) as "conversationId",
  (select json_build_object(
            'startedAt', iso8601(attempt.started_at), 'status', attempt.status,
            'errorClass', attempt.error_class, 'error', attempt.error)
     from attempts attempt
    where attempt.delivery_id = delivery.id
    order by attempt.number desc
    limit 1) as "lastAttempt"`;

/** Deliveries of an endpoint that was deleted are gone with it, however many there are to clear away. */
const IS_THERE = `exists (
  select from webhooks webhook where webhook.id = delivery.webhook_id and webhook.deleted_at is null)`;

/** How a list goes: the statement's words, and its place in a cursor. */
interface Walk {
  readonly where: string;
  /** Where it goes on behind a cursor. */
  readonly behind: string;
  readonly order: string;
  position(cursor: string): readonly (string | number)[];
  positionOf(row: ListedDelivery): Position;
}

/** The newest event first. */
const BY_EVENT: Walk = {
  where: '',
  behind: 'delivery.event_id < $3',
  order: 'delivery.event_id desc',
  position: (cursor) => decodeCursor('deliveries', cursor, ['id']),
  positionOf: ({ eventId }) => [eventId],
};

/** Stands in a cursor for the infinity of those that are held back; none is planned for then. */
const NEVER = '9999-12-31T23:59:59.999Z';

const WALKS: Readonly<Record<DeliveryStatus, Walk>> = {
  // The soonest attempt first; those that are held back come last, in the order of their events.
  pending: {
    where: 'and delivery.outcome is null',
    behind: '(delivery.next_attempt_at, delivery.event_position) > ($3, $4)',
    order: 'delivery.next_attempt_at, delivery.event_position',
    position: (cursor) => {
      const [at = NEVER, position = 0] = decodeCursor('deliveries', cursor, ['time', 'number']);
      return [at === NEVER ? 'infinity' : at, position];
    },
    positionOf: ({ nextAttemptAt, eventPosition }) => [
      typeof nextAttemptAt === 'number' ? NEVER : nextAttemptAt.toISOString(),
      Number(eventPosition),
    ],
  },
  delivered: { ...BY_EVENT, where: `and delivery.outcome = 'delivered'` },
  // In the words of the index of both.
  failed: {
    ...BY_EVENT,
    where: `and delivery.outcome in ('failed', 'dead') and delivery.outcome = 'failed'`,
  },
  dead: { ...BY_EVENT, where: `and delivery.outcome in ('failed', 'dead') and delivery.outcome = 'dead'` },
};

/** The table of deliveries, for whoever looks at them or wants them repeated; dispatch/ sends them. */
@Injectable()
export class DeliveryRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
  ) {}

  /** The deliveries of an endpoint. */
  async list<T>(
    webhookId: string,
    { status, limit, cursor }: ListDeliveries,
    show: (delivery: ListedDelivery) => T,
  ): Promise<Page<T>> {
    const walk = status === undefined ? BY_EVENT : WALKS[status];
    const position = cursor === undefined ? [] : walk.position(cursor);
    const read = async (tx: EntityManager): Promise<ListedDelivery[]> => {
      await walkAlongIndexes(tx);
      return tx.query(
        `select ${LISTED}
           from deliveries delivery
          where delivery.webhook_id = $1 ${walk.where} ${cursor === undefined ? '' : `and ${walk.behind}`}
          order by ${walk.order}
          limit $2`,
        [webhookId, limit + 1, ...position],
      );
    };
    const rows = await this.lists.from((source) => source.transaction(read));
    return toPage('deliveries', rows, limit, walk.positionOf, show);
  }

  async find(id: string, tx: EntityManager = this.dataSource.manager): Promise<ListedDelivery | undefined> {
    const [delivery]: ListedDelivery[] = await tx.query(
      `select ${LISTED} from deliveries delivery where delivery.id = $1 and ${IS_THERE}`,
      [id],
    );
    return delivery;
  }

  /**
   * A delivery with all that there is about it.
   *
   * @param attemptsShown most attempts, the newest; the oldest of them come first
   */
  async findDetailed(id: string, attemptsShown: number): Promise<DetailedDelivery | undefined> {
    const delivery = await this.find(id);
    if (!delivery) return undefined;
    const [event]: Outgoing[] = await this.dataSource.query(
      `select id as "eventId", type as "eventType", occurred_at as "occurredAt", data::text as data,
              trace_id as "traceId"
         from events where position = $1`,
      [delivery.eventPosition],
    );
    if (!event) return undefined;
    const attempts = await this.dataSource.manager.find(Attempt, {
      where: { deliveryId: id },
      order: { number: 'DESC' },
      take: attemptsShown,
    });
    return { delivery, event, attempts: attempts.reverse() };
  }

  /**
   * Has events told to an endpoint once more, in the order of their conversations where it wants that: deliveries that
   * are over become pending again, missing ones are made.
   *
   * @returns how many
   */
  async requeue(
    tx: EntityManager,
    at: Date,
    webhookId: string,
    eventIds: readonly string[],
  ): Promise<number> {
    const [row] = await tx.query(`select ${REQUEUE_DELIVERIES_ROUTINE.name}($1, $2, $3) as count`, [
      at,
      webhookId,
      eventIds,
    ]);
    return row.count;
  }

  /**
   * Has the next attempt of a pending one now instead of later, and the retry schedule begin anew. One that is on its
   * way, or held back behind another, is left as it is.
   */
  async hasten(tx: EntityManager, at: Date, id: string): Promise<void> {
    await tx.query(
      `update deliveries set next_attempt_at = least(next_attempt_at, $2), tries = 0, leased_until = null
        where id = $1 and outcome is null and next_attempt_at < 'infinity'
          and (leased_until is null or leased_until <= $2)`,
      [id, at],
    );
  }
}
