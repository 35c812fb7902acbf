import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RoutineCalls } from '../database/routine-calls.js';
import { readRoutine } from '../database/routines.js';
import { OutboxSignal } from '../events/outbox-signal.js';
import type { Priority } from './priority.js';

/** Closes a batch of idle conversations; runs inside PostgreSQL. */
export const CLOSE_IDLE_ROUTINE = readRoutine(
  'close_idle_conversations',
  'conversations/close-idle-conversations.sql',
);

/** Where a walk along the idle conversations stands: behind the last one that was looked at. */
export interface IdlePosition {
  readonly activity: Date;
  readonly id: string;
}

export interface ClosedBatch {
  /** How many were looked at; less than asked for: there are no more. */
  readonly seen: number;
  /** How many were left alone because their clients were in the middle of something. */
  readonly busy: number;
  readonly closed: number;
  readonly last: IdlePosition;
}

interface Row {
  readonly seen: number;
  readonly busy: number;
  readonly closed: number;
  readonly last_activity: Date | null;
  readonly last_id: string | null;
}

/** Before everything that can be idle. */
export const BEGINNING: IdlePosition = {
  activity: new Date(0),
  id: '00000000-0000-0000-0000-000000000000',
};

/** The conversations in which nobody waits, by how long nothing was said. */
@Injectable()
export class IdleConversationRepository {
  constructor(
    private readonly routines: RoutineCalls,
    private readonly dataSource: DataSource,
    private readonly signal: OutboxSignal,
  ) {}

  /** Closes what was idle since `idleBefore`, of one priority, behind the position; one transaction. */
  async close(
    now: Date,
    priority: Priority,
    idleBefore: Date,
    after: IdlePosition,
    limit: number,
    traceId: string,
  ): Promise<ClosedBatch> {
    const values = [now, priority, idleBefore, after.activity, after.id, limit, traceId];
    const [row] = await this.routines.call<Row>(CLOSE_IDLE_ROUTINE, values);
    if (!row) throw new Error('Closing idle conversations gave no answer.');
    if (row.closed > 0) this.signal.raise();
    const { seen, busy, closed, last_activity: activity, last_id: id } = row;
    return { seen, busy, closed, last: activity && id ? { activity, id } : after };
  }

  /** The last word of the conversation of this priority that is the next to be idle, after the given moment. */
  async nextActivity(priority: Priority, after: Date): Promise<Date | undefined> {
    const [row] = await this.dataSource.query(
      `select last_activity_at as "lastActivityAt"
         from conversations
        where status <> 'closed' and waiting_since is null and priority = $1 and last_activity_at > $2
        order by last_activity_at, id
        limit 1`,
      [priority, after],
    );
    return row?.lastActivityAt;
  }
}
