import { Module } from '@nestjs/common';
import { ConversationRepository } from './conversation.repository.js';
import { ConversationChanges } from './conversation-changes.js';

/** The table of conversations, for the features that change them: answers, reminders, escalations. */
@Module({
  providers: [ConversationRepository, ConversationChanges],
  exports: [ConversationRepository, ConversationChanges],
})
export class ConversationStoreModule {}
