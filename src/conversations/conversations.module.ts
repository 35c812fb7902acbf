import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RemindersModule } from '../reminders/reminders.module.js';
import { ConversationController } from './conversation.controller.js';
import { ConversationService } from './conversation.service.js';
import { ConversationStoreModule } from './conversation-store.module.js';

/** Dialogues with clients: answering, closing, prioritising. */
@Module({
  imports: [ConversationStoreModule, MessagesModule, RemindersModule, EventsModule],
  controllers: [ConversationController],
  providers: [ConversationService],
})
export class ConversationsModule {}
