import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DomainError } from '../../errors/domain-error.js';
import { LOG, type Log } from '../../logging/log.js';
import { errorMessage } from '../../resilience/error-code.js';
import { EventRepository } from '../event.repository.js';
import { EventGaps } from '../event-gaps.js';
import { OutboxSignal } from '../outbox-signal.js';
import { RecentEvents, toldEvent } from './recent-events.js';
import { tellable } from './told-events.js';

const BATCH = 500;

interface Opening {
  resolve(position: number): void;
  reject(error: unknown): void;
}

/**
 * Reads the outbox as it grows, once for all readers of this process, and only while there are any. It stops before a
 * number that is missing until it is decided whether that event will come.
 *
 * A commit in this process wakes it; what other processes write is found at the next poll.
 */
@Injectable()
export class OutboxFollower implements OnApplicationShutdown {
  private readonly readers = new Set<() => void>();
  private readonly openings = new Set<Opening>();
  private readonly settings: Config['events'];
  private recent: RecentEvents | undefined;
  private decided = 0;
  private isFollowing = false;
  private isRung = false;
  private isStopping = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly events: EventRepository,
    private readonly dataSource: DataSource,
    private readonly signal: OutboxSignal,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = config.events;
  }

  /** The database closes behind this, whoever still reads. */
  onApplicationShutdown(): void {
    this.isStopping = true;
    this.ring();
  }

  /**
   * Follows as long as somebody has joined.
   *
   * @param onNews called whenever there is more to read
   * @returns leaves
   */
  join(onNews: () => void): () => void {
    // An entry of its own, even if somebody joins twice.
    const reader = () => onNews();
    this.readers.add(reader);
    if (!this.isFollowing) void this.follow();
    return () => {
      this.readers.delete(reader);
      this.ring();
    };
  }

  /** What was told last; undefined until it is known where now is. */
  get told(): RecentEvents | undefined {
    return this.recent;
  }

  /**
   * Where now is, for somebody who has joined: what is committed from here on comes behind it.
   *
   * Where nobody followed before, that is known once whoever is just writing has come to an end.
   *
   * @throws DomainError `events_undecided` if that takes as long as the pause between two heartbeats
   */
  now(): Promise<number> {
    return new Promise((resolve, reject) => {
      const callOff = this.clock.wakeAt(this.clock.now() + this.settings.streamHeartbeat, () => {
        this.openings.delete(opening);
        reject(undecided());
      });
      const opening: Opening = {
        resolve: (position) => {
          callOff();
          resolve(position);
        },
        reject: (error) => {
          callOff();
          reject(error);
        },
      };
      this.openings.add(opening);
      this.ring();
    });
  }

  /** Tells whoever wants to know where now is that it cannot be known at present. */
  refuseOpenings(error: unknown = undecided()): void {
    for (const opening of this.openings) opening.reject(error);
    this.openings.clear();
  }

  private async follow(): Promise<void> {
    this.isFollowing = true;
    const gaps = new EventGaps(this.dataSource);
    const stopListening = this.signal.listen(() => this.ring());
    let isFailing = false;
    while (this.readers.size > 0 && !this.isStopping) {
      this.isRung = false;
      try {
        await this.rest(await this.look(gaps));
        isFailing = false;
      } catch (error) {
        // Whoever has left is not told.
        if (this.readers.size === 0 || this.isStopping) break;
        if (!isFailing) this.log.warn(`New events cannot be read for streams: ${errorMessage(error)}`);
        isFailing = true;
        this.refuseOpenings(error);
        await this.rest(this.settings.streamPollInterval);
      }
    }
    stopListening();
    this.recent = undefined;
    this.isFollowing = false;
  }

  /** @returns how long to wait before the next look, in milliseconds */
  private async look(gaps: EventGaps): Promise<number> {
    const { gapPatience, streamPollInterval } = this.settings;
    const openings = [...this.openings];
    const isFirst = this.recent === undefined;
    if (!this.recent) {
      const highest = await this.events.highest();
      // As of a gap before all: it asks at the second time.
      const decided = (await gaps.decided(0, highest)) ?? (await gaps.decided(0, highest));
      if (decided === undefined) return gapPatience;
      this.decided = decided;
      this.recent = new RecentEvents(decided);
    }
    const { recent } = this;
    const rows = await this.events.behind(recent.head, BATCH);
    const isRest = rows.length < BATCH;
    const positions = rows.map(({ position }) => Number(position));
    const { count, head, missing } = tellable(positions, recent.head, this.decided, isRest);
    recent.add(rows.slice(0, count).map(toldEvent), head);
    if (count > 0 || isFirst) for (const reader of this.readers) reader();
    if (missing !== undefined) {
      const decided = await gaps.decided(missing, positions.at(-1) ?? missing);
      if (decided !== undefined) {
        this.decided = decided;
        return 0;
      }
    } else if (!isRest) {
      return 0;
    }
    for (const opening of openings) if (this.openings.delete(opening)) opening.resolve(recent.head);
    return missing === undefined ? streamPollInterval : gapPatience;
  }

  private ring(): void {
    this.isRung = true;
    this.wake();
  }

  /** Waits so many milliseconds, or until somebody rings. */
  private async rest(pause: number): Promise<void> {
    if (pause === 0 || this.isRung) return;
    await new Promise<void>((resolve) => {
      const callOff = this.clock.wakeAt(this.clock.now() + pause, resolve);
      this.wake = () => {
        callOff();
        resolve();
      };
    });
  }
}

function undecided(): DomainError {
  return new DomainError(
    'unavailable',
    'events_undecided',
    'A transaction that writes events goes on and on, so it is not known where to begin. Try again.',
    { retryAfterSeconds: 1 },
  );
}
