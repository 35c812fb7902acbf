import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '../../src/resilience/error-code.js';
import type { ApiClient } from '../support/api-client.js';
import { CallPlan } from './call-plan.js';
import { type Answer, type Call, type CallRecord, isAcknowledged } from './record.js';

/** How long a client waits for an answer before it takes the request for lost, in milliseconds. */
const PATIENCE = 10_000;

/** How long a client tries to get an answer to a call with a key, in milliseconds. */
const PERSISTENCE = 120_000;

/** Clients at work: they send, write down what they are told, and send again with the same key what was lost. */
export class Load {
  private calls = 0;
  private stopping = false;
  private abandoned = false;
  private readonly running: Promise<void>[] = [];
  private readonly watchers = new Set<(sentAt: number) => void>();
  private doneAt: number[] = [];

  constructor(
    /** The way to Otklik at the moment: another one after each restart, as service discovery would say. */
    private readonly api: () => ApiClient,
    private readonly record: CallRecord,
    private readonly options: { seed: number; connections: number; clients: number },
  ) {}

  start(): void {
    const { seed, connections, clients } = this.options;
    for (let connection = 0; connection < connections; connection++) {
      this.running.push(this.work(new CallPlan(seed, connection, clients)));
    }
  }

  /** Stops as soon as the requests under way have ended, answered or not. */
  async abandon(): Promise<void> {
    this.abandoned = true;
    await this.stop();
  }

  /** Stops once every call with a key was answered. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.running);
  }

  /**
   * Waits for the first call to be done that was sent after a moment.
   *
   * @param moment of `performance.now()`
   */
  async firstDoneAfter(moment: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, PERSISTENCE);
      const watcher = (sentAt: number): void => {
        if (sentAt <= moment) return;
        clearTimeout(limit);
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
    });
  }

  /** The longest time between two answers that said done, from a moment until now, in milliseconds. */
  longestSilenceSince(moment: number): number {
    const times = [moment, ...this.doneAt.filter((at) => at > moment)];
    this.doneAt = [];
    return Math.max(...times.map((at, index) => (times[index + 1] ?? performance.now()) - at));
  }

  private async work(plan: CallPlan): Promise<void> {
    while (!this.stopping) {
      const call = plan.next(++this.calls);
      this.record.write({ at: Date.now(), what: 'call', call });
      const copies = call.key !== undefined && plan.isDoubled() ? 2 : 1;
      await Promise.all(Array.from({ length: copies }, () => this.see(call, plan)));
      await delay(plan.pause());
    }
  }

  /** Sends a call until it is answered, or, without a key, once: sent again, it might be done again. */
  private async see(call: Call, plan: CallPlan): Promise<void> {
    const deadline = performance.now() + PERSISTENCE;
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      const answer = await this.send(call);
      if (answer && isAcknowledged(answer)) plan.learn(answer);
      const isFinal = answer !== undefined && answer.status !== 503;
      if (isFinal || call.key === undefined || this.abandoned) return;
      await delay(plan.backoff(attempt));
    }
  }

  private noteDone(sentAt: number): void {
    this.doneAt.push(performance.now());
    for (const watcher of this.watchers) watcher(sentAt);
  }

  private async send(call: Call): Promise<Answer | undefined> {
    const sentAt = performance.now();
    try {
      const { status, body } = await this.api().send<Answer['body']>('POST', call.path, {
        body: JSON.stringify(call.body),
        headers: { 'content-type': 'application/json', ...(call.key && { 'idempotency-key': call.key }) },
        signal: AbortSignal.timeout(PATIENCE),
      });
      const answer = { status, body };
      this.record.write({ at: Date.now(), what: 'answer', number: call.number, answer });
      if (isAcknowledged(answer)) this.noteDone(sentAt);
      return answer;
    } catch (error) {
      const reason = errorCode(error) ?? errorMessage(error);
      this.record.write({ at: Date.now(), what: 'lost', number: call.number, reason });
      return undefined;
    }
  }
}
