import { Global, Module } from '@nestjs/common';
import { OldConversations } from './old-conversations.js';
import { OldEvents } from './old-events.js';
import { OldRows } from './old-rows.js';
import { RetentionController } from './retention.controller.js';
import { Retention } from './retention.js';
import { RetentionKinds } from './retention-kinds.js';
import { RetentionRuns } from './retention-runs.js';

/** Deleting what is old, kind by kind. Each feature makes its own kinds known. */
@Global()
@Module({
  controllers: [RetentionController],
  providers: [OldConversations, OldEvents, OldRows, Retention, RetentionKinds, RetentionRuns],
  exports: [OldRows, RetentionKinds],
})
export class RetentionModule {}
