import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { parseDuration } from '../config/duration.js';
import type { Priority } from '../conversations/priority.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import type { ReminderPolicyView } from './reminder.schemas.js';

/** A reminder that is to be stored. */
export interface PlannedReminder {
  readonly id: string;
  readonly level: number;
  /** ISO 8601. */
  readonly scheduledAt: string;
}

/**
 * When the team is reminded of a conversation of each priority. The policies are rows in the database; each
 * process keeps a copy that is at most `REMINDER_POLICY_CACHE_TTL` old while messages come in, so planning costs
 * a message no round trip.
 */
@Injectable()
export class ReminderPolicies implements OnModuleInit {
  private policies: readonly ReminderPolicyView[] = [];
  private delays = new Map<Priority, readonly number[]>();
  private loadedAt = 0;
  private loading = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.load();
  }

  /** The policies, most urgent first, as they are in the database now. */
  async list(): Promise<readonly ReminderPolicyView[]> {
    await this.load();
    return this.policies;
  }

  /**
   * The reminders for a message that makes a conversation of this priority wait.
   *
   * @param from milliseconds; the moment that the delays count from
   */
  plan(priority: Priority, from: number): PlannedReminder[] {
    this.refreshIfOld();
    return (this.delays.get(priority) ?? []).map((delay, index) => ({
      id: this.ids.next(),
      level: index + 1,
      scheduledAt: new Date(from + delay).toISOString(),
    }));
  }

  private refreshIfOld(): void {
    if (this.loading || this.clock.now() - this.loadedAt < this.config.reminders.policyCacheTtl) return;
    this.loading = true;
    this.load()
      .catch((error) => this.log.warn(`The reminder policies were not refreshed: ${errorMessage(error)}`))
      .finally(() => {
        this.loading = false;
      });
  }

  private async load(): Promise<void> {
    this.policies = await this.dataSource.query(
      `select priority, delays, repeat_every as "repeatEvery", escalate_at_level as "escalateAtLevel",
              business_hours as "businessHours"
         from reminder_policies
        order by priority desc`,
    );
    this.delays = new Map(this.policies.map((policy) => [policy.priority, policy.delays.map(milliseconds)]));
    this.loadedAt = this.clock.now();
  }
}

function milliseconds(delay: string): number {
  const parsed = parseDuration(delay);
  if (parsed === undefined)
    throw new Error(`A stored reminder policy has the delay ${delay}, which is no duration.`);
  return parsed;
}
