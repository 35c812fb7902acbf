import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AuditLog } from '../audit/audit-log.js';
import { Cache } from '../cache/cache.js';
import type { Cached } from '../cache/cached.js';
import { Transactor } from '../database/transactor.js';
import { ReminderPolicyRepository } from './reminder-policy.repository.js';
import { type ReminderPolicyView, reminderPolicySchema } from './reminder-policy.schemas.js';

/** There are so few that they are kept as one. */
const ALL = 'all';

/** The reminder policies for those who read them, and the word to all processes that one was changed. */
@Injectable()
export class ReminderPolicyCache {
  private readonly cached: Cached<ReminderPolicyView[], ReminderPolicyView[]>;

  constructor(
    cache: Cache,
    private readonly table: ReminderPolicyRepository,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
  ) {
    this.cached = cache.of('reminder_policies', z.array(reminderPolicySchema));
    cache.onWarmUp('reminder_policies', async () => (await this.list()).length);
  }

  /** The policies, most urgent first. */
  async list(): Promise<readonly ReminderPolicyView[]> {
    const load = async () => (await this.table.list()).map(({ view }) => view);
    return (await this.cached.get(ALL, load)) ?? [];
  }

  async store(policy: ReminderPolicyView, at: Date): Promise<void> {
    await this.transactor.run(async (tx) => {
      const before = await this.table.holdForChange(tx, policy.priority);
      await this.table.update(tx, policy, at);
      await this.cached.forgetWith(tx, ALL);
      await this.audit.record(tx, {
        action: 'reminder_policy.changed',
        subject: policy.priority,
        before: before.view,
        after: policy,
      });
    });
  }

  /** Tells whenever another process has changed a policy, or may have. */
  onChanged(listener: () => void): void {
    this.cached.onForgotten(listener);
  }
}
