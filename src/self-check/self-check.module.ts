import { Module } from '@nestjs/common';
import { ConversationStoreModule } from '../conversations/conversation-store.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { EscalationsModule } from '../escalations/escalations.module.js';
import { EventsModule } from '../events/events.module.js';
import { RemindersModule } from '../reminders/reminders.module.js';
import { ClosedConversations } from './closed-conversations.js';
import { FaultRepository } from './fault.repository.js';
import { SelfCheck } from './self-check.js';
import { WaitingConversations } from './waiting-conversations.js';

/** The promise, watched. */
@Module({
  imports: [ConversationStoreModule, ConversationsModule, EscalationsModule, EventsModule, RemindersModule],
  providers: [SelfCheck, FaultRepository, WaitingConversations, ClosedConversations],
  exports: [SelfCheck],
})
export class SelfCheckModule {}
