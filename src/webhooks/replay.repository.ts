import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { walkAlongIndexes } from '../database/index-walk.js';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { firstIdOf } from './id-time.js';
import { Replay } from './replay.entity.js';
import type { ListReplays } from './replay.schemas.js';

/** A replay that is to go on, with what its endpoint subscribed to. */
export interface RunningReplay
  extends Pick<Replay, 'id' | 'webhookId' | 'since' | 'until' | 'eventTypes' | 'onlyFailed' | 'lastEventId'> {
  readonly subscribedTypes: string[] | null;
}

/** An event on the way of a replay. */
export interface VisitedEvent {
  readonly id: string;
  /** Whether it is one of those that are to be told once more. */
  readonly isWanted: boolean;
}

/** Whether an event is of these types; a null names all. */
function isAmong(type: string, types: string): string {
  return `(${types}::text[] is null or ${type} = any(${types}) or split_part(${type}, '.', 1) || '.*' = any(${types}))`;
}

/**
 * All events there are. What was not made deliveries of yet is left to those who do: they come without a replay, and
 * in their order.
 */
const EVENTS = `
  select event.id,
         event.type <> 'webhook.test'
           and ${isAmong('event.type', '$4')} and ${isAmong('event.type', '$5')}
           and not (event.type = 'webhook.disabled' and event.data->>'webhookId' = $6)
           and event.position <= (select position from event_fan_out) as "isWanted"
    from events event
   where event.id > $1 and event.id < $2
   order by event.id
   limit $3`;

/** Those that the endpoint did not take. */
const FAILED = `
  select delivery.event_id as id,
         delivery.event_type <> 'webhook.test'
           and ${isAmong('delivery.event_type', '$4')} and ${isAmong('delivery.event_type', '$5')} as "isWanted"
    from deliveries delivery
   where delivery.webhook_id = $6 and delivery.outcome in ('failed', 'dead')
     and delivery.event_id > $1 and delivery.event_id < $2
   order by delivery.event_id
   limit $3`;

/** The table of replays, and the ways that they take. */
@Injectable()
export class ReplayRepository {
  constructor(private readonly dataSource: DataSource) {}

  async insert(tx: EntityManager, replay: Replay): Promise<void> {
    await tx.insert(Replay, replay);
  }

  find(webhookId: string, id: string): Promise<Replay | null> {
    return this.dataSource.manager.findOneBy(Replay, { webhookId, id });
  }

  /** The replays of an endpoint, newest first. */
  async list<T>(
    webhookId: string,
    { limit, cursor }: ListReplays,
    show: (replay: Replay) => T,
  ): Promise<Page<T>> {
    const query = this.dataSource
      .createQueryBuilder(Replay, 'replay')
      .where('replay.webhook_id = :webhookId', { webhookId })
      .orderBy('replay.id', 'DESC')
      .limit(limit + 1);
    if (cursor !== undefined)
      query.andWhere('replay.id < :before', { before: decodeCursor('replays', cursor, ['id'])[0] });
    return toPage('replays', await query.getMany(), limit, ({ id }) => [id], show);
  }

  /**
   * The next replay behind the given one that goes on, for this transaction alone: those that others have are passed
   * over. That of a disabled endpoint waits until it is enabled.
   */
  async holdNext(tx: EntityManager, behind: string): Promise<RunningReplay | undefined> {
    const [replay]: RunningReplay[] = await tx.query(
      `select replay.id, replay.webhook_id as "webhookId", since, until, replay.event_types as "eventTypes",
              only_failed as "onlyFailed", last_event_id as "lastEventId",
              webhook.event_types as "subscribedTypes"
         from webhook_replays replay
         join webhooks webhook on webhook.id = replay.webhook_id
        where replay.finished_at is null and webhook.enabled and replay.id > $1
        order by replay.id
        limit 1
          for update of replay skip locked`,
      [behind],
    );
    return replay;
  }

  /** The next events of a replay's range, in the order of their ids; fewer than the limit: there are no more. */
  async visit(tx: EntityManager, replay: RunningReplay, limit: number): Promise<VisitedEvent[]> {
    await walkAlongIndexes(tx);
    return tx.query(replay.onlyFailed ? FAILED : EVENTS, [
      replay.lastEventId ?? firstIdOf(replay.since.getTime()),
      firstIdOf(replay.until.getTime()),
      limit,
      replay.subscribedTypes,
      replay.eventTypes,
      replay.webhookId,
    ]);
  }

  /** Remembers how far a replay is, in the transaction that did it. */
  async advance(
    tx: EntityManager,
    id: string,
    { lastEventId, replayed, finishedAt }: Pick<Replay, 'lastEventId' | 'replayed' | 'finishedAt'>,
  ): Promise<void> {
    await tx.query(
      `update webhook_replays set last_event_id = $2, replayed = replayed + $3, finished_at = $4 where id = $1`,
      [id, lastEventId, replayed, finishedAt],
    );
  }
}
