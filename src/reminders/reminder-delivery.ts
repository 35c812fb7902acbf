import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { RetryPolicy } from 'cockatiel';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { isConflict, isSystemFault } from '../database/database-errors.js';
import { LOG, type Log } from '../logging/log.js';
import { requestContext } from '../logging/request-context.js';
import { Observations } from '../observations/observations.js';
import { errorMessage } from '../resilience/error-code.js';
import { retryPolicy } from '../resilience/retry-policy.js';
import { type ClaimedReminder, DueReminderRepository, type PlannedSend } from './due-reminder.repository.js';
import { ReminderChains } from './reminder-chains.js';
import { ReminderPolicies } from './reminder-policies.js';

/** How many characters of the reason are kept. */
const REASON_LIMIT = 1_000;

/** What became of claimed reminders. */
export interface Delivered {
  /** Sent, or cancelled because nobody waits any more. */
  readonly handled: number;
  readonly failed: number;
  /** Those whose lease was lost, or that were dealt with before: nothing was done with them. */
  readonly lost: number;
  /** When the first of what follows from them is due, in milliseconds; infinite: nothing does. */
  readonly nextAt: number;
}

/** Sends claimed reminders, and keeps a bad one from spoiling others. */
@Injectable()
export class ReminderDelivery {
  private readonly settings: Config['reminders'];
  private readonly retries: RetryPolicy;
  private policiesReadAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly reminders: DueReminderRepository,
    private readonly policies: ReminderPolicies,
    private readonly chains: ReminderChains,
    private readonly clock: Clock,
    private readonly observations: Observations,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = config.reminders;
    this.retries = retryPolicy(config.retry, isConflict);
  }

  /**
   * Sends a batch in one transaction; where that fails because of one of them, each in its own. What failed before
   * goes alone at once.
   *
   * @throws what is wrong with the database or the installation and not with a reminder; whatever was not committed
   *   can be delivered again
   */
  async deliver(batch: readonly ClaimedReminder[]): Promise<Delivered> {
    await this.refreshPolicies();
    const fresh = batch.filter(({ attempts }) => attempts === 0);
    const again = batch.filter(({ attempts }) => attempts > 0);
    const traceId = randomUUID().replaceAll('-', '');
    return requestContext.run({ traceId, requestId: traceId }, () =>
      this.sendEach([fresh, ...again.map((reminder) => [reminder])], traceId),
    );
  }

  /** One transaction after the other. */
  private async sendEach(
    batches: readonly (readonly ClaimedReminder[])[],
    traceId: string,
  ): Promise<Delivered> {
    const total = { handled: 0, failed: 0, lost: 0, nextAt: Number.POSITIVE_INFINITY };
    for (const batch of batches) {
      const { handled, failed, lost, nextAt } = await this.sendOrFail(batch, traceId);
      total.handled += handled;
      total.failed += failed;
      total.lost += lost;
      total.nextAt = Math.min(total.nextAt, nextAt);
    }
    return total;
  }

  private async sendOrFail(batch: readonly ClaimedReminder[], traceId: string): Promise<Delivered> {
    try {
      return await this.send(batch, traceId);
    } catch (error) {
      if (isSystemFault(error)) throw error;
      const [only] = batch;
      if (batch.length === 1 && only) return this.fail(only, errorMessage(error));
    }
    return this.sendEach(
      batch.map((reminder) => [reminder]),
      traceId,
    );
  }

  /** Nobody else may have asked for the policies in a long time where no message came in. */
  private async refreshPolicies(): Promise<void> {
    const now = this.clock.now();
    if (now - this.policiesReadAt < this.settings.policyCacheTtl) return;
    await this.policies.list();
    this.policiesReadAt = now;
  }

  private async send(batch: readonly ClaimedReminder[], traceId: string): Promise<Delivered> {
    let handled = 0;
    let lost = batch.length;
    let nextAt = Number.POSITIVE_INFINITY;
    for (let left = batch; left.length > 0; ) {
      const now = this.clock.now();
      const planned = left.map((reminder) => this.plan(reminder, now));
      const sent = await this.retries.execute(() => this.reminders.send(planned, now, traceId));
      this.observations.tell('remindersDealtWith', { outcome: 'sent', count: sent.sent });
      this.observations.tell('remindersDealtWith', { outcome: 'cancelled', count: sent.cancelled });
      handled += sent.sent + sent.cancelled;
      lost -= sent.sent + sent.cancelled;
      nextAt = Math.min(nextAt, sent.nextAt ?? nextAt);
      left = left.flatMap((reminder) => {
        const priority = sent.reprioritised.get(reminder.id);
        return priority === undefined ? [] : [{ ...reminder, priority }];
      });
    }
    return { handled, failed: 0, lost, nextAt };
  }

  /**
   * What the policy wants. The repetition counts from when the reminder was due; where that is past already, from
   * now: what was missed in an outage is not made up for.
   */
  private plan(reminder: ClaimedReminder, now: number): PlannedSend {
    const { kind, priority, level, scheduledAt } = reminder;
    if (kind === 'manual') return { reminder, repeatAt: undefined, escalates: false };
    const inTime = this.policies.repetition(priority, scheduledAt.getTime());
    return {
      reminder,
      repeatAt: inTime === undefined || inTime > now ? inTime : this.policies.repetition(priority, now),
      escalates: this.policies.escalates(priority, level),
    };
  }

  private async fail(reminder: ClaimedReminder, reason: string): Promise<Delivered> {
    const { attempts, retryBaseDelay, retryMaxDelay } = this.settings;
    const now = this.clock.now();
    const longest = Math.min(retryMaxDelay, retryBaseDelay * 2 ** reminder.attempts);
    const retryAt = now + Math.ceil(longest * (1 - Math.random() / 2));
    const isLast = await this.reminders.fail(
      reminder,
      new Date(now),
      reason.slice(0, REASON_LIMIT),
      attempts,
      new Date(retryAt),
    );
    if (isLast === undefined) return { handled: 0, failed: 0, lost: 1, nextAt: Number.POSITIVE_INFINITY };
    this.observations.tell('remindersDealtWith', { outcome: isLast ? 'failed' : 'retried', count: 1 });
    const { id: reminderId, conversationId } = reminder;
    this.log.warn(
      { reminderId, conversationId, reason },
      isLast
        ? 'A reminder could not be sent, and has failed'
        : 'A reminder could not be sent; it is tried again',
    );
    if (isLast) return { handled: 0, failed: 1, lost: 0, nextAt: await this.goOnWithout(reminder) };
    return { handled: 0, failed: 1, lost: 0, nextAt: retryAt };
  }

  /** A reminder that failed for good must not be the end of its chain. */
  private async goOnWithout(reminder: ClaimedReminder): Promise<number> {
    try {
      return (await this.chains.continueAfter(reminder))?.getTime() ?? Number.POSITIVE_INFINITY;
    } catch (error) {
      // The self-check finds a conversation that is left with nothing.
      this.log.warn(
        { err: error, conversationId: reminder.conversationId },
        'No further reminder was planned',
      );
      return Number.POSITIVE_INFINITY;
    }
  }
}
