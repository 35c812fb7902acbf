import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { PRIORITIES, type Priority } from '../conversations/priority.js';
import { ListReads } from '../database/replicas/list-reads.js';
import { decodeCursor, type Page, toPage } from '../http/pagination.js';
import { Escalation } from './escalation.entity.js';
import type { ListEscalations, Resolution } from './escalation.schemas.js';
import type { QueuedEscalation } from './escalation.view.js';

/** The columns of an entry, with the client of its conversation; `escalation` is the name of the entry. */
export const QUEUED_ESCALATION = `
  escalation.id, escalation.conversation_id as "conversationId", escalation.priority, escalation.reason,
  escalation.level, escalation.note, escalation.created_at as "createdAt", escalation.operator_id as "operatorId",
  escalation.claimed_at as "claimedAt", escalation.claim_expires_at as "claimExpiresAt",
  escalation.resolved_at as "resolvedAt", escalation.resolution,
  (select client_id from conversations where id = escalation.conversation_id) as "clientId"`;

/** The order of the queue; that of ix_escalations_queue. */
const QUEUE_ORDER = 'priority desc, created_at, id';

const WITH_STATUS: Readonly<Record<NonNullable<ListEscalations['status']>, string>> = {
  waiting: 'and claimed_at is null',
  claimed: 'and claimed_at is not null',
};

/**
 * The table of escalations, for whoever holds the lock of the conversation and for those who read. Ingest and the
 * reminders escalate in functions of their own; operators claim as claim.repository.ts says.
 */
@Injectable()
export class EscalationRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lists: ListReads,
  ) {}

  async findById(id: string): Promise<QueuedEscalation | undefined> {
    const [found] = await this.dataSource.query<QueuedEscalation[]>(
      `select ${QUEUED_ESCALATION} from escalations escalation where escalation.id = $1`,
      [id],
    );
    return found;
  }

  findOpen(tx: EntityManager, conversationId: string): Promise<Escalation | null> {
    return tx.findOneBy(Escalation, { conversationId, resolvedAt: IsNull() });
  }

  async insert(tx: EntityManager, escalation: Escalation): Promise<void> {
    await tx.insert(Escalation, escalation);
  }

  /** The open entry of a conversation, where there is one, comes to its end; whoever had claimed it is done. */
  async resolve(
    tx: EntityManager,
    conversationId: string,
    resolvedAt: Date,
    resolution: Resolution,
  ): Promise<boolean> {
    const open = { conversationId, resolvedAt: IsNull() };
    return (await tx.update(Escalation, open, { resolvedAt, resolution })).affected === 1;
  }

  async setPriority(tx: EntityManager, id: string, priority: Priority): Promise<void> {
    await tx.update(Escalation, { id }, { priority });
  }

  /** The queue: the most urgent first, then the oldest. */
  async list<T>(
    { status, limit, cursor }: ListEscalations,
    show: (escalation: QueuedEscalation) => T,
  ): Promise<Page<T>> {
    const range = (where: string) =>
      `(select * from escalations
         where resolved_at is null ${status ? WITH_STATUS[status] : ''} ${where}
         order by ${QUEUE_ORDER}
         limit $1)`;
    // After a cursor: the others of its priority, then those of less; each is a range of the index.
    const ranges =
      cursor === undefined
        ? [range('')]
        : [range('and priority = $2 and (created_at, id) > ($3, $4)'), range('and priority < $2')];
    const position =
      cursor === undefined ? [] : decodeCursor('escalations', cursor, [PRIORITIES, 'time', 'id']);
    const rows = await this.lists.from((source) =>
      source.query<QueuedEscalation[]>(
        `select ${QUEUED_ESCALATION}
         from (${ranges.join(' union all ')}) escalation
        order by ${QUEUE_ORDER}
        limit $1`,
        [limit + 1, ...position],
      ),
    );
    return toPage(
      'escalations',
      rows,
      limit,
      (row) => [row.priority, row.createdAt.toISOString(), row.id],
      show,
    );
  }
}
