import { Module } from '@nestjs/common';
import { ConversationStoreModule } from '../conversations/conversation-store.module.js';
import { EscalationsModule } from '../escalations/escalations.module.js';
import { EventsModule } from '../events/events.module.js';
import { DueReminderRepository } from './due-reminder.repository.js';
import { ReminderController } from './reminder.controller.js';
import { ReminderRepository } from './reminder.repository.js';
import { ReminderService } from './reminder.service.js';
import { ReminderChains } from './reminder-chains.js';
import { ReminderDelivery } from './reminder-delivery.js';
import { ReminderPolicies } from './reminder-policies.js';
import { ReminderPolicyController } from './reminder-policy.controller.js';
import { ReminderPolicyRepository } from './reminder-policy.repository.js';
import { ReminderPolicyService } from './reminder-policy.service.js';
import { ReminderPolicyCache } from './reminder-policy-cache.js';
import { ReminderPolicyChangeRepository } from './reminder-policy-change.repository.js';
import { ReminderPolicyFollowUp } from './reminder-policy-follow-up.js';
import { ReminderPolicyRecalculation } from './reminder-policy-recalculation.js';
import { ReminderScheduler } from './reminder-scheduler.js';

/** What keeps a waiting conversation from being forgotten. */
@Module({
  imports: [ConversationStoreModule, EscalationsModule, EventsModule],
  controllers: [ReminderController, ReminderPolicyController],
  providers: [
    ReminderService,
    ReminderRepository,
    ReminderPolicies,
    ReminderPolicyCache,
    ReminderPolicyRepository,
    ReminderPolicyService,
    ReminderPolicyRecalculation,
    ReminderPolicyChangeRepository,
    ReminderPolicyFollowUp,
    ReminderScheduler,
    ReminderDelivery,
    ReminderChains,
    DueReminderRepository,
  ],
  exports: [ReminderRepository, ReminderPolicies, ReminderScheduler, ReminderChains],
})
export class RemindersModule {}
