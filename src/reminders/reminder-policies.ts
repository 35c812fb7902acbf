import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Priority } from '../conversations/priority.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { ReminderPolicy } from './reminder-policy.js';
import { ReminderPolicyRepository } from './reminder-policy.repository.js';
import type { ReminderPolicyView } from './reminder-policy.schemas.js';
import { ReminderPolicyCache } from './reminder-policy-cache.js';

/** A reminder that is to be stored. */
export interface PlannedReminder {
  readonly id: string;
  readonly level: number;
  /** ISO 8601. */
  readonly scheduledAt: string;
}

/** A copy that is believed for no time at all is still not fetched more often. */
const SHORTEST_PAUSE = 100;

/**
 * When the team is reminded of a conversation of each priority. The policies are rows in the database; each
 * process keeps a copy, fetched anew when another changed them and every `REMINDER_POLICY_CACHE_TTL`, so planning costs
 * a message no round trip.
 */
@Injectable()
export class ReminderPolicies implements OnModuleInit, OnApplicationShutdown {
  private policies = new Map<Priority, ReminderPolicy>();
  private readonly ttl: number;
  private asked = 0;
  private answered = 0;
  private isOld = false;
  private stopped = false;
  private refreshing: Promise<void> = Promise.resolve();
  private callOff: () => void = () => undefined;

  constructor(
    private readonly table: ReminderPolicyRepository,
    private readonly cache: ReminderPolicyCache,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.ttl = Math.max(config.reminders.policyCacheTtl, SHORTEST_PAUSE);
  }

  async onModuleInit(): Promise<void> {
    await this.load();
    this.refreshLater();
    this.cache.onChanged(() => {
      if (!this.stopped) this.refreshing = this.refresh();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.callOff();
    await this.refreshing;
  }

  /** The policies, most urgent first, as they are in the database now. */
  async list(): Promise<readonly ReminderPolicyView[]> {
    await this.load();
    return [...this.policies.values()].map(({ view }) => view);
  }

  /** Stores a changed policy; this process plans by it at once, others when they hear of it or next fetch it. */
  async store(policy: ReminderPolicyView, at: Date): Promise<void> {
    await this.cache.store(policy, at);
    await this.load();
  }

  /**
   * The reminders for a message that makes a conversation of this priority wait.
   *
   * @param from milliseconds; the moment that the delays count from
   */
  plan(priority: Priority, from: number): PlannedReminder[] {
    return this.policy(priority)
      .dueTimes(from)
      .map((at, index) => ({
        id: this.ids.next(),
        level: index + 1,
        scheduledAt: new Date(at).toISOString(),
      }));
  }

  /**
   * When the next reminder is due after the last planned one, or a repetition, was sent.
   *
   * @param from milliseconds; the moment that it was sent
   * @returns milliseconds; undefined: the policy does not repeat
   */
  repetition(priority: Priority, from: number): number | undefined {
    return this.policy(priority).repetition(from);
  }

  /** Whether the reminder of this level escalates its conversation. */
  escalates(priority: Priority, level: number): boolean {
    return this.policy(priority).escalates(level);
  }

  private policy(priority: Priority): ReminderPolicy {
    const policy = this.policies.get(priority);
    if (!policy) throw new Error(`There is no reminder policy for ${priority}.`);
    return policy;
  }

  private refreshLater(): void {
    if (this.stopped) return;
    this.callOff = this.clock.wakeAt(this.clock.now() + this.ttl, () => {
      this.refreshing = this.refresh().finally(() => this.refreshLater());
    });
  }

  private async refresh(): Promise<void> {
    try {
      await this.load();
      this.isOld = false;
    } catch (error) {
      // One line for an outage, however long.
      const level = this.isOld ? 'debug' : 'warn';
      this.log[level](`The reminder policies were not refreshed: ${errorMessage(error)}`);
      this.isOld = true;
    }
  }

  private async load(): Promise<void> {
    const question = ++this.asked;
    const stored = await this.table.list();
    // An answer that was overtaken by a later one may be older than that.
    if (question < this.answered) return;
    this.answered = question;
    this.policies = new Map(stored.map(({ view }) => [view.priority, this.prepared(view)]));
  }

  /** A policy that did not change stays, with the openings that it has worked out. */
  private prepared(view: ReminderPolicyView): ReminderPolicy {
    const known = this.policies.get(view.priority);
    return known && JSON.stringify(known.view) === JSON.stringify(view) ? known : new ReminderPolicy(view);
  }
}
