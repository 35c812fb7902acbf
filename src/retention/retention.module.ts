import { Module } from '@nestjs/common';
import { OldConversations } from './old-conversations.js';
import { OldEvents } from './old-events.js';
import { RetentionController } from './retention.controller.js';
import { Retention } from './retention.js';
import { RetentionKinds } from './retention-kinds.js';
import { RetentionRuns } from './retention-runs.js';

/** Deleting what is old, kind by kind. */
@Module({
  controllers: [RetentionController],
  providers: [OldConversations, OldEvents, Retention, RetentionKinds, RetentionRuns],
})
export class RetentionModule {}
