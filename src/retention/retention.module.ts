import { Module } from '@nestjs/common';
import { OldConversations } from './old-conversations.js';
import { OldEvents } from './old-events.js';
import { RetentionController } from './retention.controller.js';
import { Retention } from './retention.js';

/** Deleting what is old, kind by kind. */
@Module({
  controllers: [RetentionController],
  providers: [OldConversations, OldEvents, Retention],
})
export class RetentionModule {}
