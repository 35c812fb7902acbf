import { Inject, Injectable } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';

const CHANNEL = 'otklik_wakeups';

/** Which background processes there is work for, and from when on, in milliseconds since 1970. */
type Wakeups = Readonly<Record<string, number>>;

/**
 * Carries wake-ups from processes without the role `worker` to those with it, over PostgreSQL's NOTIFY: on a
 * statement of its own, after the commit it is about. Inside the transaction of an ingest it would cost two thirds
 * of the throughput, because such commits stand in line.
 *
 * Nothing depends on its arrival. What is lost is found when the process next runs by itself.
 */
@Injectable()
export class ProcessWakeups {
  private waiting: Record<string, number> = {};
  private sending = false;
  private stopped = false;

  constructor(
    private readonly notifications: Notifications,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Tells the workers. What is told while a statement is on its way goes with the next one. */
  announce(name: string, at: number): void {
    this.waiting[name] = Math.min(at, this.waiting[name] ?? at);
    if (!this.sending) void this.send();
  }

  /**
   * Hears what other processes announce, until `stop`.
   *
   * @param missed called after a lost connection is there again, for nobody knows what was announced meanwhile
   */
  listen(wake: (name: string, at: number) => void, missed: () => void): void {
    void this.notifications.listen(CHANNEL, {
      heard: (payload) => {
        if (this.stopped) return;
        for (const [name, at] of wakeupsIn(payload)) wake(name, at);
      },
      missed: () => {
        if (!this.stopped) missed();
      },
    });
  }

  stop(): void {
    this.stopped = true;
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (Object.keys(this.waiting).length > 0 && !this.stopped) {
      const payload = JSON.stringify(this.waiting);
      this.waiting = {};
      await this.notifications
        .notify(CHANNEL, payload)
        .catch((error) => this.log.debug(`The workers were not woken: ${errorMessage(error)}`));
    }
    this.sending = false;
  }
}

/** Anybody who can connect can announce anything: what cannot be read wakes nobody, and harms nobody. */
function wakeupsIn(payload: string): [name: string, at: number][] {
  try {
    const wakeups = JSON.parse(payload) as Wakeups | null;
    return Object.entries(wakeups ?? {}).filter(([, at]) => Number.isFinite(at));
  } catch {
    return [];
  }
}
