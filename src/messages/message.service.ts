import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';
import { invalidInput, notFound } from '../errors/domain-error.js';
import type { Page } from '../http/pagination.js';
import { keyReused } from '../idempotency/idempotency-operation.js';
import { requestHash } from '../idempotency/request-hash.js';
import { requestContext } from '../logging/request-context.js';
import { ReminderPolicies } from '../reminders/reminder-policies.js';
import { ReminderScheduler } from '../reminders/reminder-scheduler.js';
import { Triage } from '../triage/triage.js';
import type { IncomingMessage } from './ingest.repository.js';
import { IngestQueue } from './ingest-queue.js';
import { MessageRepository } from './message.repository.js';
import type {
  CorrectTriage,
  ListMessages,
  MessageView,
  ReceivedMessageView,
  ReceiveMessage,
} from './message.schemas.js';
import { messageView, receivedView } from './message.view.js';
import { ReplyWatch } from './reply-watch.js';

/** How a caller wants its message handled. */
export interface Delivery {
  readonly caller: Caller;
  readonly key: string | undefined;
  /** Milliseconds to wait for a reply. */
  readonly wait: number;
  /** Aborted when the caller hangs up. */
  readonly gone: AbortSignal;
}

/** Messages: taking them in, and reading them. */
@Injectable()
export class MessageService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queue: IngestQueue,
    private readonly messages: MessageRepository,
    private readonly triage: Triage,
    private readonly policies: ReminderPolicies,
    private readonly scheduler: ReminderScheduler,
    private readonly replies: ReplyWatch,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Takes a message in: stored, triaged, with its reminders and events, once.
   *
   * @throws DomainError `validation_failed` for a timestamp too far ahead, `idempotency_key_reused`, `overloaded`
   */
  async receive(message: ReceiveMessage, delivery: Delivery): Promise<ReceivedMessageView> {
    const now = this.clock.now();
    this.checkTimestamp(message.timestamp, now);
    const incoming = this.prepare(message, delivery, now);
    const outcome = await this.queue.submit(incoming);
    if (outcome.outcome === 'key_reused') throw keyReused();
    if (outcome.outcome === 'accepted') this.expectReminders(incoming);
    const view =
      outcome.outcome === 'accepted'
        ? acceptedView(message, incoming, outcome)
        : {
            ...receivedView(outcome.original, null),
            duplicate: {
              of: outcome.original.id,
              reason: outcome.outcome,
              firstSeenAt: outcome.original.createdAt.toISOString(),
            },
          };
    return delivery.wait > 0 ? this.awaitReply(view, delivery) : view;
  }

  async find(id: string): Promise<ReceivedMessageView> {
    const message = await this.messages.findById(id);
    if (!message) throw notFound('message', id);
    return receivedView(
      message,
      message.direction === 'inbound' ? await this.messages.findReply(message) : null,
    );
  }

  list(query: ListMessages, options?: { oldestFirst: boolean }): Promise<Page<MessageView>> {
    return this.messages.list(query, messageView, options);
  }

  /** Keeps what the team says the triage should have been: `npm run triage:train` learns from it. */
  async correct(id: string, correction: CorrectTriage): Promise<void> {
    const at = new Date(this.clock.now());
    const found = await this.transactor.run((tx) => this.messages.correct(tx, id, correction, at));
    if (!found) throw notFound('message', id);
  }

  /** What was pending before is known to the scheduler already. */
  private expectReminders({ reminder_times: [first] }: IncomingMessage): void {
    if (first !== undefined) this.scheduler.expect(Date.parse(first));
  }

  private async awaitReply(view: ReceivedMessageView, delivery: Delivery): Promise<ReceivedMessageView> {
    const createdAt = new Date(view.createdAt);
    const reply = await this.replies.waitFor({ ...view, createdAt }, delivery.wait, delivery.gone);
    return { ...view, reply: reply && messageView(reply) };
  }

  private checkTimestamp(timestamp: string | undefined, now: number): void {
    if (timestamp === undefined || Date.parse(timestamp) <= now + this.config.messages.clockSkew) return;
    const minutes = this.config.messages.clockSkew / 60_000;
    throw invalidInput([
      {
        path: 'timestamp',
        message: `must be at most ${minutes} minutes ahead of ${new Date(now).toISOString()}`,
      },
    ]);
  }

  private prepare(message: ReceiveMessage, { caller, key }: Delivery, now: number): IncomingMessage {
    const { priority, category, confidence } = this.triage.classify(message.content);
    const reminders = this.policies.plan(priority, now);
    return {
      id: this.ids.next(),
      new_conversation_id: this.ids.next(),
      client_id: message.clientId,
      ...message.client,
      content: message.content,
      channel: message.channel,
      metadata: message.metadata,
      ...(message.timestamp !== undefined && { sent_at: new Date(message.timestamp).toISOString() }),
      received_at: new Date(now).toISOString(),
      priority,
      category,
      triage: { source: 'offline', confidence: Math.round(confidence * 1000) / 1000, status: 'done' },
      reminders,
      reminder_ids: reminders.map((reminder) => reminder.id),
      reminder_times: reminders.map((reminder) => reminder.scheduledAt),
      trace_id: requestContext.getStore()?.traceId,
      owner_id: caller.id,
      ...(key !== undefined && {
        key,
        request_hash: requestHash(message),
        key_expires_at: new Date(now + this.config.messages.idempotencyRetention).toISOString(),
      }),
    };
  }
}

function acceptedView(
  message: ReceiveMessage,
  incoming: IncomingMessage,
  outcome: { conversationId: string; isFirst: boolean; createdAt: Date; reminders: readonly unknown[] },
): ReceivedMessageView {
  const createdAt = outcome.createdAt.toISOString();
  return {
    id: incoming.id,
    clientId: message.clientId,
    conversationId: outcome.conversationId,
    direction: 'inbound',
    author: 'client',
    operatorId: null,
    content: message.content,
    channel: message.channel,
    priority: incoming.priority as ReceivedMessageView['priority'],
    category: incoming.category,
    triage: incoming.triage,
    isFirstMessage: outcome.isFirst,
    metadata: message.metadata,
    timestamp: incoming.sent_at ?? createdAt,
    createdAt,
    reply: null,
    reminders: [...outcome.reminders] as ReceivedMessageView['reminders'],
    duplicate: null,
  };
}
