import { Injectable } from '@nestjs/common';
import { DomainError } from '../errors/domain-error.js';
import { ReminderRepository } from '../reminders/reminder.repository.js';
import { ReminderChains } from '../reminders/reminder-chains.js';
import { ReminderScheduler } from '../reminders/reminder-scheduler.js';

/** Conversations that wait for the team, and what is to bring them back to its mind. */
@Injectable()
export class WaitingConversations {
  constructor(
    private readonly chains: ReminderChains,
    private readonly reminders: ReminderRepository,
    private readonly scheduler: ReminderScheduler,
  ) {}

  /**
   * Plans the reminders of a conversation that was forgotten anew, or escalates it.
   *
   * @returns whether it still was forgotten
   */
  async remember(id: string): Promise<boolean> {
    try {
      const { isForgotten, dueAt } = await this.chains.restart(id);
      if (dueAt) this.scheduler.expect(dueAt.getTime());
      return isForgotten;
    } catch (error) {
      // It was closed, or erased, since it was found.
      if (error instanceof DomainError) return false;
      throw error;
    }
  }

  /** Takes a reminder from a worker whose lease ends after the given moment. */
  async freeLease(reminderId: string, now: Date, leasedAfter: Date): Promise<boolean> {
    const isFreed = await this.reminders.freeLease(reminderId, leasedAfter);
    if (isFreed) this.scheduler.expect(now.getTime());
    return isFreed;
  }
}
