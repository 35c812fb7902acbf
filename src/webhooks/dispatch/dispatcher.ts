import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { ProcessHandle, Run } from '../../processes/background-process.js';
import { BackgroundProcesses } from '../../processes/background-processes.js';
import { AttemptRecorder } from './attempt-recorder.js';
import { DeliveryAttempts } from './delivery-attempts.js';
import { type ClaimedDelivery, DeliveryQueue, type Recorded } from './delivery-queue.js';

/** How many times as many attempts as can be under way may wait to be recorded. */
const UNRECORDED_FACTOR = 4;

/**
 * Sends what is due: claims as much as there is room for, and has at most `WEBHOOK_CONCURRENCY` attempts under way. A
 * run ends when nothing more can be claimed; the attempts go on behind it, and each that ends makes room for others.
 *
 * An endpoint gets at most as many attempts at once as are still free for the others. So however many endpoints are
 * slow, there is always room left for one that is not.
 */
@Injectable()
export class Dispatcher implements BeforeApplicationShutdown {
  private readonly settings: Config['webhooks'];
  private readonly shutdownDeadline: number;
  private readonly handle: ProcessHandle;
  /** Attempts that are not recorded yet. */
  private readonly attempting = new Set<Promise<void>>();
  /** Of these, how many wait for an answer. */
  private sending = 0;
  private readonly perEndpoint = new Map<string, number>();
  private readonly breakOff = new AbortController();
  /** Whether something may be due for which there was no room. */
  private wasFull = false;
  private isStopped = false;

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly attempts: DeliveryAttempts,
    recorder: AttemptRecorder,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.webhooks;
    this.shutdownDeadline = config.process.shutdownDeadline;
    this.handle = processes.register({
      name: 'webhooks',
      description: 'Sends the deliveries that are due.',
      interval: config.webhooks.claimInterval,
      run: (stopping) => this.run(stopping),
      settled: () => this.settled(),
    });
    recorder.listen((recorded) => this.onRecorded(recorded));
  }

  /**
   * Says that there is something to send.
   *
   * @param at milliseconds since 1970; absent: now
   */
  wake(at?: number): void {
    this.handle.wake(at);
  }

  /** Lets attempts that are under way come to their end; what does not in time is broken off, and made again later. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    const giveUp = setTimeout(() => this.breakOff.abort(), this.shutdownDeadline / 2).unref();
    await this.settled();
    clearTimeout(giveUp);
  }

  private async settled(): Promise<void> {
    while (this.attempting.size > 0) await Promise.all(this.attempting);
  }

  private async run(stopping: AbortSignal): Promise<Run> {
    let lag = 0;
    let nextAt: number | undefined;
    while (!stopping.aborted && !this.isStopped) {
      const free = this.free();
      this.wasFull = free <= 0;
      if (this.wasFull) break;
      const now = this.clock.now();
      const room = this.room(free);
      this.wasFull = [...room.values()].includes(0);
      const claim = await this.queue.claim(now, free, this.most(free, 0), room);
      for (const delivery of claim.deliveries) {
        lag = Math.max(lag, now - delivery.dueSince.getTime());
        this.begin(delivery);
      }
      if (claim.deliveries.length === 0) {
        nextAt = claim.nextAt;
        break;
      }
    }
    return { handled: 0, nextAt, lag };
  }

  /** How many attempts can be begun. What waits to be recorded is bounded too: the database may be away. */
  private free(): number {
    const { concurrency } = this.settings;
    return Math.min(concurrency - this.sending, UNRECORDED_FACTOR * concurrency - this.attempting.size);
  }

  /** How many attempts to one endpoint may be added to those it has. */
  private most(free: number, underWay: number): number {
    return Math.max(0, Math.min(this.settings.endpointConcurrency, free) - underWay);
  }

  private room(free: number): Map<string, number> {
    return new Map([...this.perEndpoint].map(([id, underWay]) => [id, this.most(free, underWay)]));
  }

  private begin(delivery: ClaimedDelivery): void {
    const { webhookId } = delivery;
    this.sending++;
    this.perEndpoint.set(webhookId, (this.perEndpoint.get(webhookId) ?? 0) + 1);
    const work = this.attempts
      .make(delivery, this.breakOff.signal, () => this.onAnswer(webhookId))
      .then(({ isDelivered, nextAttemptAt }) => {
        this.attempting.delete(work);
        this.handle.report(1, isDelivered ? 0 : 1);
        if (nextAttemptAt !== undefined) this.wake(nextAttemptAt);
        else if (this.wasFull) this.wake();
      });
    this.attempting.add(work);
  }

  /** Others are sent while the answer is being recorded. */
  private onAnswer(webhookId: string): void {
    this.sending--;
    const left = (this.perEndpoint.get(webhookId) ?? 1) - 1;
    if (left > 0) this.perEndpoint.set(webhookId, left);
    else this.perEndpoint.delete(webhookId);
    if (this.wasFull) this.wake();
  }

  private onRecorded({ failing, released }: Recorded): void {
    // A pause may have begun, and it ends at a time that only the next claim knows.
    if (failing.length > 0 || released > 0) this.wake();
    const longAgo = this.clock.now() - this.settings.disableAfter;
    for (const { webhookId, failingSince } of failing) {
      if (failingSince.getTime() <= longAgo) void this.attempts.disable(webhookId, 'failing');
    }
  }
}
