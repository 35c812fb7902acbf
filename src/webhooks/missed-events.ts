import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { walkAlongIndexes } from '../database/index-walk.js';
import { firstIdOf, timeOfId } from './id-time.js';

/** How much earlier than others an event can have happened that is committed behind them, in milliseconds. */
const LATEST_COMMIT = 10 * 60 * 1_000;

/**
 * What endpoints miss while they are disabled. That is a matter of positions, not of times: an event that happened before
 * an endpoint was disabled is missed too, where no deliveries had been made of it yet.
 */
@Injectable()
export class MissedEvents {
  /**
   * Keeps others from making deliveries until the transaction ends, so that none is made by halves of what is disabled or
   * enabled in it. To be called before anything else is locked, as whoever makes deliveries does.
   *
   * @returns the position of the last event of which deliveries were made
   */
  async hold(tx: EntityManager): Promise<string> {
    const [row]: { position: string }[] = await tx.query('select position from event_fan_out for update');
    if (!row) throw new Error('The row of event_fan_out is missing.');
    return row.position;
  }

  /** When the first event happened that was missed behind a position, or when the endpoint was disabled, if earlier. */
  async since(tx: EntityManager, missedAfter: string, disabledAt: Date): Promise<Date> {
    await walkAlongIndexes(tx);
    const [next]: { id: string }[] = await tx.query(
      'select id from events where position > $1 order by position limit 1',
      [missedAfter],
    );
    const earliest = Math.min(disabledAt.getTime(), next ? timeOfId(next.id) : Number.POSITIVE_INFINITY);
    const [first]: { id: string }[] = await tx.query(
      'select id from events where id >= $1 and id < $2 and position > $3 order by id limit 1',
      [firstIdOf(earliest - LATEST_COMMIT), firstIdOf(disabledAt.getTime()), missedAfter],
    );
    return first ? new Date(timeOfId(first.id)) : disabledAt;
  }
}
