import { Module } from '@nestjs/common';
import { EscalationsModule } from '../escalations/escalations.module.js';
import { EventsModule } from '../events/events.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RemindersModule } from '../reminders/reminders.module.js';
import { AutoClose } from './auto-close.js';
import { ConversationController } from './conversation.controller.js';
import { ConversationService } from './conversation.service.js';
import { ConversationReminders } from './conversation-reminders.js';
import { ConversationStoreModule } from './conversation-store.module.js';
import { IdleConversationRepository } from './idle-conversation.repository.js';

/** Dialogues with clients: answering, closing, prioritising. */
@Module({
  imports: [ConversationStoreModule, MessagesModule, RemindersModule, EscalationsModule, EventsModule],
  controllers: [ConversationController],
  providers: [ConversationService, ConversationReminders, AutoClose, IdleConversationRepository],
  exports: [ConversationReminders],
})
export class ConversationsModule {}
