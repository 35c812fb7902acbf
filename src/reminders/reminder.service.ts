import { Inject, Injectable } from '@nestjs/common';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Conversation } from '../conversations/conversation.entity.js';
import { ConversationChanges } from '../conversations/conversation-changes.js';
import { DomainError, invalidInput, notFound } from '../errors/domain-error.js';
import { Outbox } from '../events/outbox.js';
import type { Page } from '../http/pagination.js';
import type { Once, RequestKey } from '../idempotency/request-key.js';
import type { Reminder } from './reminder.entity.js';
import { ReminderRepository } from './reminder.repository.js';
import type { CreateReminder, ListReminders, ReminderView } from './reminder.schemas.js';
import { reminderView } from './reminder.view.js';
import { ReminderChains } from './reminder-chains.js';
import { ReminderScheduler } from './reminder-scheduler.js';

/** What nothing has happened to yet. */
const UNTOUCHED = {
  sentAt: null,
  cancelledAt: null,
  cancelReason: null,
  failedAt: null,
  failure: null,
  attempts: 0,
};

/** Reminders as people deal with them: made by hand, cancelled, tried again. */
@Injectable()
export class ReminderService {
  constructor(
    private readonly reminders: ReminderRepository,
    private readonly changes: ConversationChanges,
    private readonly chains: ReminderChains,
    private readonly scheduler: ReminderScheduler,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  list(query: ListReminders): Promise<Page<ReminderView>> {
    return this.reminders.list(query, reminderView);
  }

  /**
   * Makes one by hand.
   *
   * @param key where the request has one, it is made once
   * @throws DomainError `validation_failed` for a time that is past or too far ahead
   */
  async create(id: string, body: CreateReminder, key?: RequestKey): Promise<Once<ReminderView>> {
    const reminderId = this.ids.next();
    const { made, isReplay } = await this.changes.once(
      id,
      {
        key,
        request: ['reminder', id.toLowerCase(), body],
        made: { reminderId },
        again: (tx, first) => this.reminders.findById(first, tx),
      },
      async (tx, conversation, createdAt) => {
        // A repeated request, whose time may be past by now, never comes here.
        this.checkTime(body.scheduledAt);
        const reminder = { ...UNTOUCHED, ...byHand(reminderId, conversation, body, createdAt) };
        await this.reminders.insert(tx, [reminder]);
        return reminder;
      },
    );
    if (!isReplay) this.scheduler.expect(made.scheduledAt.getTime());
    // Whatever became of it since, the answer is as it was then.
    return { made: reminderView({ ...made, ...UNTOUCHED }), isReplay };
  }

  /**
   * Cancels one. Where that would leave a client that waits with nothing to come, the next reminder of the policy is
   * planned at once; where the policy has none, the conversation is escalated.
   *
   * @throws DomainError `reminder_not_pending`
   */
  async cancel(id: string): Promise<ReminderView> {
    const conversationId = await this.conversationOf(id);
    const { cancelled, next } = await this.changes.run(conversationId, async (tx, conversation, at) => {
      const cancelled = await this.reminders.cancel(tx, id, at, 'by_hand');
      if (!cancelled) {
        throw new DomainError('conflict', 'reminder_not_pending', `The reminder ${id} is not pending.`);
      }
      await this.outbox.append(tx, [
        {
          type: 'reminder.cancelled',
          conversationId,
          data: {
            reminderId: id,
            conversationId,
            clientId: conversation.clientId,
            level: cancelled.level,
            scheduledAt: cancelled.scheduledAt.toISOString(),
            reason: 'by_hand',
          },
        },
      ]);
      return { cancelled, next: await this.chains.continueIn(tx, conversation, cancelled, at) };
    });
    if (next) this.scheduler.expect(next.getTime());
    return reminderView(cancelled);
  }

  /**
   * Has one that failed tried again, at once.
   *
   * @throws DomainError `reminder_not_failed`
   */
  async retry(id: string): Promise<ReminderView> {
    const conversationId = await this.conversationOf(id);
    const reminder = await this.changes.run(conversationId, (tx) => this.reminders.revive(tx, id));
    if (!reminder) {
      throw new DomainError('conflict', 'reminder_not_failed', `The reminder ${id} has not failed.`);
    }
    this.scheduler.expect(reminder.scheduledAt.getTime());
    return reminderView(reminder);
  }

  private async conversationOf(id: string): Promise<string> {
    const reminder = await this.reminders.findById(id);
    if (!reminder) throw notFound('reminder', id);
    return reminder.conversationId;
  }

  private checkTime(scheduledAt: string): void {
    const now = this.clock.now();
    const { maxAhead } = this.config.reminders;
    const at = Date.parse(scheduledAt);
    if (at >= now && at <= now + maxAhead) return;
    const [earliest, latest] = [now, now + maxAhead].map((limit) => new Date(limit).toISOString());
    const message = `must be from now (${earliest}) to ${latest} (REMINDER_MAX_AHEAD)`;
    throw invalidInput([{ path: 'scheduledAt', message }]);
  }
}

function byHand(
  id: string,
  conversation: Conversation,
  { scheduledAt, note }: CreateReminder,
  createdAt: Date,
): Omit<Reminder, keyof typeof UNTOUCHED> {
  return {
    id,
    conversationId: conversation.id,
    messageId: null,
    kind: 'manual',
    level: 0,
    priority: conversation.priority,
    note: note ?? null,
    scheduledAt: new Date(scheduledAt),
    createdAt,
  };
}
