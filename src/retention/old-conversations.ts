import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { walkAlongIndexes } from '../database/index-walk.js';
import { Transactor } from '../database/transactor.js';
import { OldRows, type RowsByAge } from './old-rows.js';
import { afterLooking, type DeletedBatch, type Due, type RetentionKind } from './retention-kind.js';
import { RetentionKinds } from './retention-kinds.js';

const CLOSED: RowsByAge = {
  table: 'conversations',
  isOld: `status = 'closed' and last_activity_at < $1`,
  order: 'last_activity_at, id',
};

/** Most conversations that one transaction deletes; their messages are counted by CLEANUP_BATCH_SIZE. */
const CONVERSATIONS = 200;

/** The closed conversation that was looked at last; its last activity is its closing. */
interface Position {
  readonly activity: Date;
  readonly id: string;
}

interface Candidate extends Position {
  readonly clientId: string;
}

const BEGINNING: Position = { activity: new Date(0), id: '00000000-0000-0000-0000-000000000000' };

/**
 * Closed conversations, with their messages, reminders and escalations, and clients of whom nothing else is left.
 *
 * A client in the middle of something is passed over: a message in the same instant wins.
 */
@Injectable()
export class OldConversations implements RetentionKind {
  readonly name = 'conversations';
  readonly keepFor: number;
  readonly isRecorded = true;
  private readonly batchSize: number;

  constructor(
    private readonly oldRows: OldRows,
    private readonly transactor: Transactor,
    kinds: RetentionKinds,
    @Inject(CONFIG) { retention, messages, cleanup }: Config,
  ) {
    // A repeated request is answered by the first message: it is there for as long as its key.
    this.keepFor = Math.max(retention.conversations, messages.idempotencyRetention);
    this.batchSize = cleanup.batchSize;
    kinds.register(this);
  }

  due(before: Date): Promise<Due> {
    return this.oldRows.due(CLOSED, [before]);
  }

  begin(before: Date): () => Promise<DeletedBatch> {
    let behind = BEGINNING;
    return afterLooking(
      () => this.oldRows.areThere(CLOSED, [before]),
      async () => {
        const batch = await this.transactor.run((tx) => this.deleteBatch(tx, before, behind));
        behind = batch.behind;
        return batch;
      },
    );
  }

  private async deleteBatch(
    tx: EntityManager,
    before: Date,
    behind: Position,
  ): Promise<DeletedBatch & { behind: Position }> {
    await walkAlongIndexes(tx);
    const candidates: Candidate[] = await tx.query(
      `select id, client_id as "clientId", last_activity_at as activity
         from conversations
        where ${CLOSED.isOld} and (last_activity_at, id) > ($2, $3)
        order by ${CLOSED.order}
        limit $4`,
      [before, behind.activity, behind.id, CONVERSATIONS],
    );
    const clients = await lockClients(
      tx,
      candidates.map(({ clientId }) => clientId),
    );
    const ids = candidates.filter(({ clientId }) => clients.includes(clientId)).map(({ id }) => id);
    // One with very many messages goes in several transactions: it is closed, and nobody adds to it.
    const [, messages] = await tx.query(
      `delete from messages
        where id = any (array(select id from messages where conversation_id = any ($1) limit $2))`,
      [ids, this.batchSize],
    );
    if (messages === this.batchSize) return { deleted: 0, isOver: false, behind };
    const [, deleted] = await tx.query('delete from conversations where id = any ($1)', [ids]);
    await tx.query(
      `delete from clients client
        where id = any ($1) and last_seen_at < $2
          and not exists (select from conversations conversation where conversation.client_id = client.id)`,
      [clients, before],
    );
    return { deleted, isOver: candidates.length < CONVERSATIONS, behind: candidates.at(-1) ?? behind };
  }
}

/** Locks clients as ingest does, in its order; those that somebody holds are passed over. */
async function lockClients(tx: EntityManager, ids: readonly string[]): Promise<string[]> {
  const locked: { id: string }[] = await tx.query(
    `select id from clients where id = any ($1) order by id collate "C" for no key update skip locked`,
    [ids],
  );
  return locked.map(({ id }) => id);
}
