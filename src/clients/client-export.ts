import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { walkAlongIndexes } from '../database/index-walk.js';
import type { ClientView } from './client.schemas.js';

/** Most rows that are in memory at once, of each of the things that stand in each other. */
const ROWS = 200;

/** How a list is walked along: what it sorts by is what a page begins behind. */
interface Walk {
  readonly columns: string;
  readonly from: string;
  /** In the order of the index. */
  readonly order: readonly [first: string, second: string];
  /** As the first page has it. */
  readonly beginning: readonly [string, string];
}

const FIRST_TIME = ['-infinity', '00000000-0000-0000-0000-000000000000'] as const;

const CONVERSATIONS: Walk = {
  columns: `id, status, priority, channel, opened_at as "openedAt", last_activity_at as "lastActivityAt",
            waiting_since as "waitingSince", closed_at as "closedAt", close_reason as "closeReason"`,
  from: 'conversations where client_id = $1',
  order: ['opened_at', 'id'],
  beginning: FIRST_TIME,
};

/** What stands in a conversation, by the name of its field. */
const IN_CONVERSATION: Readonly<Record<string, Walk>> = {
  messages: {
    columns: `id, direction, author, operator_id as "operatorId", content, channel, priority, category, triage,
              is_first as "isFirstMessage", metadata, sent_at as timestamp, created_at as "createdAt",
              corrected_priority as "correctedPriority", corrected_category as "correctedCategory"`,
    from: 'messages where conversation_id = $1',
    order: ['created_at', 'id'],
    beginning: FIRST_TIME,
  },
  reminders: {
    columns: `id, kind, level, priority, note, scheduled_at as "scheduledAt", created_at as "createdAt",
              sent_at as "sentAt", cancelled_at as "cancelledAt", cancel_reason as "cancelReason",
              failed_at as "failedAt"`,
    from: 'reminders where conversation_id = $1',
    order: ['scheduled_at', 'id'],
    beginning: FIRST_TIME,
  },
  escalations: {
    columns: `id, priority, reason, level, note, created_at as "createdAt", operator_id as "operatorId",
              claimed_at as "claimedAt", resolved_at as "resolvedAt", resolution`,
    from: 'escalations where conversation_id = $1',
    order: ['created_at', 'id'],
    beginning: FIRST_TIME,
  },
  events: {
    columns: `id, type, occurred_at as "occurredAt", data,
              array(select delivery.id
                      from webhooks webhook
                      join deliveries delivery on delivery.webhook_id = webhook.id and delivery.event_id = events.id
                     where webhook.deleted_at is null
                     order by delivery.id) as "deliveryIds"`,
    from: 'events where conversation_id = $1',
    order: ['position', 'id'],
    beginning: ['0', FIRST_TIME[1]],
  },
};

/**
 * Writes everything about a client as one JSON document, piece by piece: neither the memory nor a transaction grows
 * with it. What happens meanwhile may be in it or not.
 */
@Injectable()
export class ClientExport {
  constructor(private readonly dataSource: DataSource) {}

  async *write(client: ClientView, exportedAt: Date): AsyncGenerator<string> {
    yield `{"exportedAt":${JSON.stringify(exportedAt)},"client":${JSON.stringify(client)},"conversations":[`;
    let separator = '';
    for await (const conversations of this.pages(CONVERSATIONS, client.clientId)) {
      for (const conversation of conversations) {
        yield `${separator}${JSON.stringify(conversation).slice(0, -1)}`;
        yield* this.writeContent(String(conversation.id));
        yield '}';
        separator = ',';
      }
    }
    yield ']}';
  }

  private async *writeContent(conversationId: string): AsyncGenerator<string> {
    for (const [name, walk] of Object.entries(IN_CONVERSATION)) {
      yield `,"${name}":[`;
      let separator = '';
      for await (const rows of this.pages(walk, conversationId)) {
        yield separator + rows.map((row) => JSON.stringify(row)).join(',');
        separator = ',';
      }
      yield ']';
    }
  }

  /** Pages that have rows. */
  private async *pages(walk: Walk, of: string): AsyncGenerator<Record<string, unknown>[]> {
    let behind: readonly [string, string] = walk.beginning;
    for (;;) {
      const rows = await this.page(walk, of, behind);
      const last = rows.at(-1);
      if (!last) return;
      behind = last.behind;
      yield rows.map(({ row }) => row);
      if (rows.length < ROWS) return;
    }
  }

  private async page(
    { columns, from, order: [first, second] }: Walk,
    of: string,
    behind: readonly [string, string],
  ): Promise<{ row: Record<string, unknown>; behind: readonly [string, string] }[]> {
    const rows: (Record<string, unknown> & { behind: [string, string] })[] =
      await this.dataSource.transaction(async (tx) => {
        await walkAlongIndexes(tx);
        return tx.query(
          `select ${columns}, array[${first}::text, ${second}::text] as behind
             from ${from} and (${first}, ${second}) > ($2, $3)
            order by ${first}, ${second}
            limit ${ROWS}`,
          [of, ...behind],
        );
      });
    return rows.map(({ behind, ...row }) => ({ row, behind }));
  }
}
