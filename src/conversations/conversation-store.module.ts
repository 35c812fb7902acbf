import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ConversationRepository } from './conversation.repository.js';
import { ConversationChanges } from './conversation-changes.js';

/** The table of conversations, for the features that change them: answers, reminders, escalations. */
@Module({
  imports: [IdempotencyModule],
  providers: [ConversationRepository, ConversationChanges],
  exports: [ConversationRepository, ConversationChanges],
})
export class ConversationStoreModule {}
