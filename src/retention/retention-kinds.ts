import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { OldConversations } from './old-conversations.js';
import { OldEvents } from './old-events.js';
import type { RetentionKind } from './retention-kind.js';

/** The kinds of data that are deleted when they are old. */
@Injectable()
export class RetentionKinds {
  readonly all: readonly RetentionKind[];

  constructor(
    conversations: OldConversations,
    events: OldEvents,
    private readonly clock: Clock,
  ) {
    this.all = [conversations, events];
  }

  /** What is older than this is deleted now; undefined: nothing is. */
  before({ keepFor }: RetentionKind): Date | undefined {
    return Number.isFinite(keepFor) ? new Date(this.clock.now() - keepFor) : undefined;
  }
}
