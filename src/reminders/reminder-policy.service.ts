import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Priority } from '../conversations/priority.js';
import { invalidInput } from '../errors/domain-error.js';
import { ReminderPolicies } from './reminder-policies.js';
import { ReminderPolicy } from './reminder-policy.js';
import type { ChangedPolicyView, ChangePolicy, ReminderPolicyView } from './reminder-policy.schemas.js';
import { ReminderPolicyFollowUp } from './reminder-policy-follow-up.js';
import { ReminderPolicyRecalculation } from './reminder-policy-recalculation.js';
import { ReminderScheduler } from './reminder-scheduler.js';

/** Changing a policy, and with it the reminders of all who wait. */
@Injectable()
export class ReminderPolicyService {
  constructor(
    private readonly policies: ReminderPolicies,
    private readonly recalculation: ReminderPolicyRecalculation,
    private readonly followUp: ReminderPolicyFollowUp,
    private readonly scheduler: ReminderScheduler,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores a policy, and recalculates the pending reminders of the conversations that wait with its priority. Where
   * this ends half-way, the same request again does the rest.
   *
   * @throws DomainError `validation_failed` where its reminders would not come due within a year
   */
  async change(priority: Priority, { businessHours, ...change }: ChangePolicy): Promise<ChangedPolicyView> {
    const view: ReminderPolicyView = {
      priority,
      ...change,
      businessHours: businessHours ? { ...businessHours, holidays: businessHours.holidays ?? [] } : null,
    };
    const at = new Date(this.clock.now());
    if (new ReminderPolicy(view).isOutOfReach(at.getTime())) throw outOfReach();
    await this.policies.store(view, at);
    this.followUp.expect(at);
    const { conversations, reminders, nextAt } = await this.recalculation.run(priority);
    if (nextAt !== undefined) this.scheduler.expect(nextAt);
    return { ...view, recalculated: { conversations, reminders } };
  }
}

function outOfReach(): Error {
  return invalidInput([
    {
      path: 'businessHours',
      message:
        'must have more open time within the next year than the longest delay, and than repeatEvery: such a reminder would not come due for more than a year',
    },
  ]);
}
