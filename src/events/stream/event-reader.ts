import { Readable } from 'node:stream';
import type { Clock } from '../../clock/clock.js';
import type { EventRepository } from '../event.repository.js';
import { type EventFilter, isWanted } from '../event-filter.js';
import type { OutboxFollower } from './outbox-follower.js';
import { type ToldEvent, toldEvent } from './recent-events.js';

/** What a reader is shown first: how long to wait before it connects anew, in milliseconds. */
const GREETING = 'retry: 1000\n\n';

const HEARTBEAT = ':\n\n';

/** Most events that are read from the database at once. */
const PAGE = 50;

/** What all readers of a process share. */
export interface ReaderContext {
  readonly events: EventRepository;
  readonly follower: OutboxFollower;
  readonly clock: Clock;
  /** After how long a silent stream shows that it is alive, in milliseconds. */
  readonly heartbeat: number;
  onFailure(error: unknown): void;
}

/**
 * The events behind a position, in order and without end. It asks for the next one only when the socket takes it: who
 * keeps up gets what the follower has just read, whoever is too slow for that reads on from the database at the own
 * pace, and no more waits in memory for one than for the other.
 */
export class EventReader extends Readable {
  /** What was read from the database and not told yet, and how far that was. */
  private readonly page: ToldEvent[] = [];
  private reached = 0;
  private readonly leave: () => void;
  private heartbeatAt = 0;
  private isEnding = false;
  private isGreeted = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly context: ReaderContext,
    private position: number,
    private readonly wanted: EventFilter,
  ) {
    super();
    this.leave = context.follower.join(() => this.wake());
  }

  /** Lets it come to its end, with what was read already. */
  finish(): void {
    this.isEnding = true;
    this.wake();
  }

  override _read(): void {
    this.next().then(
      (text) => {
        this.heartbeatAt = this.context.clock.now() + this.context.heartbeat;
        if (!this.destroyed) this.push(text);
      },
      (error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.leave();
    this.finish();
    done(error);
  }

  private async next(): Promise<string | null> {
    if (!this.isGreeted) {
      this.isGreeted = true;
      return GREETING;
    }
    while (!this.isEnding) {
      const event = this.page.shift() ?? this.context.follower.told?.after(this.position);
      if (event) {
        this.position = Math.max(event.position, this.page.length === 0 ? this.reached : 0);
        if (isWanted(event, this.wanted)) return event.text;
      } else if (this.context.clock.now() >= this.heartbeatAt) {
        return HEARTBEAT;
      } else if (event === undefined || !(await this.readOn())) {
        await this.news();
      }
    }
    return null;
  }

  /**
   * Reads what the follower no longer has.
   *
   * @returns false: the database cannot be asked at present
   */
  private async readOn(): Promise<boolean> {
    const { events, follower } = this.context;
    try {
      const to = follower.told?.head ?? this.position;
      const walk = await events.walk(this.position, to, this.wanted, PAGE);
      this.page.push(...walk.events.map(toldEvent));
      this.reached = walk.reached;
      if (this.page.length === 0) this.position = walk.reached;
      return true;
    } catch (error) {
      if (!this.isEnding) this.context.onFailure(error);
      return false;
    }
  }

  /** Waits until there is more to read, or until it is time for a heartbeat. */
  private news(): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.context.clock.wakeAt(this.heartbeatAt, resolve);
      this.wake = () => {
        callOff();
        resolve();
      };
    });
  }
}
