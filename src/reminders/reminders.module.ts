import { Module } from '@nestjs/common';
import { ReminderController } from './reminder.controller.js';
import { ReminderRepository } from './reminder.repository.js';
import { ReminderPolicies } from './reminder-policies.js';

/** What keeps a waiting conversation from being forgotten. */
@Module({
  controllers: [ReminderController],
  providers: [ReminderRepository, ReminderPolicies],
  exports: [ReminderRepository, ReminderPolicies],
})
export class RemindersModule {}
