import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Message } from './message.entity.js';
import { MessageRepository } from './message.repository.js';

/**
 * Holds a request until its message was answered. A reply through this process is noticed at once; one through
 * another process when the database is next asked, each `REPLY_POLL_INTERVAL`. A shutdown ends the waiting: the
 * message is stored, and its sender is told so instead of being cut off.
 */
@Injectable()
export class ReplyWatch implements BeforeApplicationShutdown {
  private readonly watchers = new Map<string, Set<() => void>>();
  private closing = false;

  constructor(
    private readonly messages: MessageRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  beforeApplicationShutdown(): void {
    this.closing = true;
    for (const conversationId of [...this.watchers.keys()]) this.notice(conversationId);
  }

  /** Says that a conversation was answered; called after the commit. */
  notice(conversationId: string): void {
    for (const wake of this.watchers.get(conversationId) ?? []) wake();
  }

  /**
   * Waits for a reply to a message.
   *
   * @param limit milliseconds
   * @returns the reply, or null once the time is up, the caller has gone, or this process goes
   */
  async waitFor(
    message: Pick<Message, 'conversationId' | 'createdAt'>,
    limit: number,
    gone: AbortSignal,
  ): Promise<Message | null> {
    const deadline = performance.now() + limit;
    for (;;) {
      const woken = this.nextNotice(message.conversationId, gone, deadline);
      const reply = await this.messages.findReply(message);
      if (reply || gone.aborted || this.closing || performance.now() >= deadline) {
        woken.cancel();
        return reply;
      }
      await woken.done;
    }
  }

  private nextNotice(
    conversationId: string,
    gone: AbortSignal,
    deadline: number,
  ): { done: Promise<void>; cancel(): void } {
    const watchers = this.watchers.get(conversationId) ?? new Set();
    this.watchers.set(conversationId, watchers);
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      const pause = Math.min(
        this.config.messages.replyPollInterval,
        Math.max(1, deadline - performance.now()),
      );
      const timer = setTimeout(() => finish(), pause);
      finish = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', finish);
        watchers.delete(finish);
        if (watchers.size === 0 && this.watchers.get(conversationId) === watchers) {
          this.watchers.delete(conversationId);
        }
        resolve();
      };
    });
    watchers.add(finish);
    gone.addEventListener('abort', finish);
    return { done, cancel: finish };
  }
}
