import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { RoutineCalls } from '../database/routine-calls.js';
import { readRoutine } from '../database/routines.js';
import type { PlannedReminder } from '../reminders/reminder-policies.js';
import { Message } from './message.entity.js';
import type { ScheduledReminder, TriageView } from './message.schemas.js';

/** The rule of ingest, which runs inside PostgreSQL. */
export const INGEST_ROUTINE = readRoutine('ingest_messages', 'messages/ingest-messages.sql');

/** A message on its way in: everything that the database does not decide. Names are those of the SQL. */
export interface IncomingMessage {
  readonly id: string;
  readonly new_conversation_id: string;
  readonly client_id: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly language?: string | undefined;
  readonly timezone?: string | undefined;
  readonly content: string;
  readonly channel: string;
  readonly metadata: Record<string, unknown>;
  readonly sent_at?: string | undefined;
  readonly received_at: string;
  readonly priority: string;
  readonly category: string | null;
  readonly triage: TriageView;
  readonly reminders: readonly PlannedReminder[];
  readonly reminder_ids: readonly string[];
  readonly reminder_times: readonly string[];
  readonly trace_id: string | undefined;
  readonly owner_id: string;
  readonly key?: string | undefined;
  readonly request_hash?: string | undefined;
  readonly key_expires_at?: string | undefined;
}

/** What became of an incoming message. */
export type IngestOutcome =
  | {
      readonly outcome: 'accepted';
      readonly conversationId: string;
      readonly isFirst: boolean;
      readonly createdAt: Date;
      readonly reminders: readonly ScheduledReminder[];
    }
  | { readonly outcome: 'same_content' | 'idempotency_key'; readonly original: Message }
  | { readonly outcome: 'key_reused' };

interface Row {
  readonly id: string;
  readonly outcome: IngestOutcome['outcome'];
  readonly original_id: string | null;
  readonly conversation_id: string;
  readonly is_first: boolean;
  readonly created_at: Date;
  readonly starts_chain: boolean;
  readonly pending: ScheduledReminder[] | null;
}

/**
 * Ingest's way to the database. The one statement of a batch is its transaction, so there is no other round
 * trip, except one more for the answers of duplicates.
 */
@Injectable()
export class IngestRepository {
  constructor(
    private readonly routines: RoutineCalls,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Stores a batch in one transaction.
   *
   * @param duplicateWindow milliseconds
   * @returns what became of each message, by its id
   */
  async ingest(
    batch: readonly IncomingMessage[],
    duplicateWindow: number,
  ): Promise<ReadonlyMap<string, IngestOutcome>> {
    const sorted = [...batch].sort((a, b) => (a.client_id < b.client_id ? -1 : 1));
    const rows = await this.routines.call<Row>(INGEST_ROUTINE, [
      JSON.stringify(sorted),
      `${duplicateWindow} milliseconds`,
    ]);
    const originals = await this.findByIds(rows.flatMap((row) => row.original_id ?? []));
    const messages = new Map(batch.map((message) => [message.id, message]));
    return new Map(rows.map((row) => [row.id, outcomeOf(row, messages.get(row.id), originals)]));
  }

  /** Which of these messages are stored already; asked when the answer of a batch was lost. */
  async findStored(batch: readonly IncomingMessage[]): Promise<ReadonlyMap<string, IngestOutcome>> {
    const stored = await this.findByIds(batch.map((message) => message.id));
    return new Map([...stored.values()].map((message) => [message.id, acceptedBefore(message)]));
  }

  private async findByIds(ids: readonly string[]): Promise<ReadonlyMap<string, Message>> {
    if (ids.length === 0) return new Map();
    const messages = await this.dataSource.manager.findBy(Message, { id: In([...ids]) });
    return new Map(messages.map((message) => [message.id, message]));
  }
}

function outcomeOf(
  row: Row,
  message: IncomingMessage | undefined,
  originals: ReadonlyMap<string, Message>,
): IngestOutcome {
  if (row.outcome === 'key_reused') return { outcome: row.outcome };
  if (row.outcome === 'accepted') {
    return {
      outcome: row.outcome,
      conversationId: row.conversation_id,
      isFirst: row.is_first,
      createdAt: row.created_at,
      reminders: [...(row.pending ?? []), ...(row.starts_chain ? (message?.reminders ?? []) : [])],
    };
  }
  const original = originals.get(row.original_id ?? '');
  if (!original) throw new Error(`Message ${row.original_id}, of which ${row.id} is a duplicate, is gone.`);
  // A repeated attempt of ours finds its own message: then it is no duplicate, only late news.
  return original.id === row.id ? acceptedBefore(original) : { outcome: row.outcome, original };
}

function acceptedBefore(message: Message): IngestOutcome {
  return {
    outcome: 'accepted',
    conversationId: message.conversationId,
    isFirst: message.isFirst,
    createdAt: message.createdAt,
    reminders: message.answeredReminders ?? [],
  };
}
