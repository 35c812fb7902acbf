import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { BEGINNING, IdleConversationRepository } from './idle-conversation.repository.js';
import { PRIORITIES, type Priority } from './priority.js';

/** After how long one is tried again whose client was in the middle of something, in milliseconds. */
const BUSY_PAUSE = 1_000;

/**
 * Closes conversations in which nobody waits once nothing was said for `CONVERSATION_AUTO_CLOSE_AFTER`. One whose
 * last word is the client's is never closed, however old it is: that one waits.
 */
@Injectable()
export class AutoClose {
  private readonly settings: Config['autoClose'];
  private readonly handle: ProcessHandle;

  constructor(
    private readonly conversations: IdleConversationRepository,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.autoClose;
    this.handle = processes.register({
      name: 'auto-close',
      description: 'Closes conversations in which nobody waits and nothing was said for long.',
      interval: this.settings.interval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Says that nobody waits any more in a conversation of this priority, since now. */
  expect(priority: Priority): void {
    this.handle.wake(this.clock.now() + this.after(priority));
  }

  private after(priority: Priority): number {
    return this.settings[priority] ?? this.settings.after;
  }

  private async run(stopping: AbortSignal): Promise<Run> {
    const now = this.clock.now();
    let handled = 0;
    let nextAt = Number.POSITIVE_INFINITY;
    for (const priority of PRIORITIES) {
      const idleBefore = new Date(now - this.after(priority));
      const { closed, busy } = await this.close(priority, now, idleBefore, stopping);
      handled += closed;
      if (busy) nextAt = Math.min(nextAt, now + BUSY_PAUSE);
      const next = await this.conversations.nextActivity(priority, idleBefore);
      if (next) nextAt = Math.min(nextAt, next.getTime() + this.after(priority));
    }
    return { handled, nextAt };
  }

  private async close(
    priority: Priority,
    now: number,
    idleBefore: Date,
    stopping: AbortSignal,
  ): Promise<{ closed: number; busy: boolean }> {
    const { batchSize } = this.settings;
    const traceId = randomUUID().replaceAll('-', '');
    let closed = 0;
    let busy = false;
    for (let after = BEGINNING; ; ) {
      const batch = await this.conversations.close(
        new Date(now),
        priority,
        idleBefore,
        after,
        batchSize,
        traceId,
      );
      closed += batch.closed;
      busy ||= batch.busy > 0;
      if (batch.seen < batchSize || stopping.aborted) return { closed, busy };
      after = batch.last;
    }
  }
}
