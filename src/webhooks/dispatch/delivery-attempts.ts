import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DomainError } from '../../errors/domain-error.js';
import { LOG, type Log } from '../../logging/log.js';
import { errorMessage } from '../../resilience/error-code.js';
import type { AttemptResult, Target } from '../sending/attempt-result.js';
import { notSent } from '../sending/not-sent.js';
import { WebhookSender } from '../sending/webhook-sender.js';
import { WebhookDisabling } from '../webhook-disabling.js';
import { WebhookTargets } from '../webhook-targets.js';
import { AttemptRecorder } from './attempt-recorder.js';
import type { ClaimedDelivery, RecordedAttempt } from './delivery-queue.js';
import { retryDelay } from './retry-schedule.js';

/** What came of an attempt. */
export interface Attempted {
  readonly isDelivered: boolean;
  /** When the next one is due, in milliseconds; absent where none follows. */
  readonly nextAttemptAt: number | undefined;
}

/** Answers that say nothing of the endpoint as a whole: it wants this request again, or fewer of them. */
const WELL_ALL_THE_SAME: ReadonlySet<number | null> = new Set([408, 425, 429]);

/** Makes the attempts of deliveries: one request each, recorded with what follows from its answer. */
@Injectable()
export class DeliveryAttempts {
  private readonly settings: Config['webhooks'];

  constructor(
    private readonly targets: WebhookTargets,
    private readonly sender: WebhookSender,
    private readonly recorder: AttemptRecorder,
    private readonly disabling: WebhookDisabling,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = config.webhooks;
  }

  /**
   * Makes one attempt and records it. Never throws.
   *
   * @param breakOff ends it before its deadline; it is then made again, as the same attempt
   * @param onAnswer called as soon as the endpoint has nothing to do with it any more
   */
  async make(delivery: ClaimedDelivery, breakOff: AbortSignal, onAnswer: () => void): Promise<Attempted> {
    try {
      const result = await this.send(delivery, breakOff).finally(onAnswer);
      // The endpoint was deleted, and the delivery with it.
      if (!result) return { isDelivered: false, nextAttemptAt: undefined };
      return await this.conclude(delivery, result, breakOff.aborted);
    } catch (error) {
      // Its lease ends, and it is made again.
      this.log.warn(
        { deliveryId: delivery.id, webhookId: delivery.webhookId },
        `An attempt was not made: ${errorMessage(error)}`,
      );
      return { isDelivered: false, nextAttemptAt: undefined };
    }
  }

  /** Disables an endpoint. Never throws: where it could not be done, the next attempt asks for it again. */
  async disable(webhookId: string, reason: 'gone' | 'failing'): Promise<void> {
    try {
      await this.disabling.disable(webhookId, reason);
    } catch (error) {
      this.log.warn({ webhookId, reason }, `A webhook was not disabled: ${errorMessage(error)}`);
    }
  }

  private async send(delivery: ClaimedDelivery, breakOff: AbortSignal): Promise<AttemptResult | undefined> {
    const target = await this.find(delivery);
    if (!target || 'verdict' in target) return target;
    return this.sender.send(target, delivery.event, breakOff);
  }

  /** The endpoint; or, where it cannot be sent to because its secret cannot be read, what came of that. */
  private async find({ webhookId, revision }: ClaimedDelivery): Promise<Target | AttemptResult | undefined> {
    try {
      return await this.targets.get(webhookId, revision);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return notSent(this.clock.now(), 'secret_unreadable', error.message);
    }
  }

  private async conclude(
    delivery: ClaimedDelivery,
    result: AttemptResult,
    isStopping: boolean,
  ): Promise<Attempted> {
    const attempt = this.judge(delivery, result, isStopping);
    await this.recorder.record(attempt);
    if (result.verdict === 'gone') await this.disable(delivery.webhookId, 'gone');
    return { isDelivered: attempt.outcome === 'delivered', nextAttemptAt: attempt.nextAttemptAt };
  }

  private judge(delivery: ClaimedDelivery, result: AttemptResult, isStopping: boolean): RecordedAttempt {
    const now = this.clock.now();
    const { retrySchedule } = this.settings;
    const isBrokenOff = isStopping && result.errorClass === 'aborted';
    const common = {
      delivery,
      result,
      counts: !isBrokenOff,
      isFailure: result.verdict === 'retry' && !isBrokenOff && !WELL_ALL_THE_SAME.has(result.status),
      pauseUntil: result.isOverloaded ? now + (result.retryAfter ?? retrySchedule[0] ?? 0) : undefined,
    };
    if (isBrokenOff) return { ...common, outcome: null, nextAttemptAt: now };
    if (result.verdict === 'delivered') return { ...common, outcome: 'delivered', nextAttemptAt: undefined };
    if (result.verdict !== 'retry') return { ...common, outcome: 'failed', nextAttemptAt: undefined };
    const delay = retryDelay(retrySchedule, delivery.tries + 1, Math.random);
    if (delay === undefined) return { ...common, outcome: 'dead', nextAttemptAt: undefined };
    return { ...common, outcome: null, nextAttemptAt: now + (result.retryAfter ?? delay) };
  }
}
