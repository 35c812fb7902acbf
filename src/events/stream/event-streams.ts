import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DomainError, invalidInput } from '../../errors/domain-error.js';
import { LOG, type Log } from '../../logging/log.js';
import { errorMessage } from '../../resilience/error-code.js';
import { EventRepository } from '../event.repository.js';
import type { EventFilter } from '../event-filter.js';
import { EventReader } from './event-reader.js';
import { OutboxFollower } from './outbox-follower.js';

/** After which event a reader goes on, and where it said so. */
export interface ResumeAfter {
  readonly id: string;
  readonly path: string;
}

/** The readers of this process. A shutdown lets them go: they come back to another one, and miss nothing. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly readers = new Map<EventReader, ServerResponse>();
  private readonly most: number;
  private readonly heartbeat: number;
  private count = 0;
  private isClosing = false;

  constructor(
    private readonly events: EventRepository,
    private readonly follower: OutboxFollower,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.most = config.events.streams;
    this.heartbeat = config.events.streamHeartbeat;
  }

  /** Who takes what is sent reads to the end; who does not is cut off, for a shutdown waits for nobody. */
  beforeApplicationShutdown(): void {
    this.isClosing = true;
    this.follower.refuseOpenings();
    for (const [reader, response] of this.readers) {
      reader.finish();
      if (response.writableLength > 0) response.destroy();
    }
  }

  /**
   * Opens a stream behind an event, or with what happens from now on.
   *
   * @param response where it is written; the stream ends with it
   * @throws DomainError where there is no such event, or there are too many readers
   */
  async open(
    filter: EventFilter,
    after: ResumeAfter | undefined,
    response: ServerResponse,
  ): Promise<EventReader> {
    if (this.count >= this.most) throw tooManyReaders(this.most);
    this.count++;
    const leave = this.follower.join(() => undefined);
    try {
      const position = after ? await this.positionOf(after) : await this.follower.now();
      return this.read(position, filter, response);
    } catch (error) {
      this.count--;
      throw error;
    } finally {
      leave();
    }
  }

  private read(position: number, filter: EventFilter, response: ServerResponse): EventReader {
    const context = {
      events: this.events,
      follower: this.follower,
      clock: this.clock,
      heartbeat: this.heartbeat,
      onFailure: (error: unknown) =>
        this.log.warn(`A stream cannot read events at present: ${errorMessage(error)}`),
    };
    const reader = new EventReader(context, position, filter);
    this.readers.set(reader, response);
    reader.once('close', () => {
      this.readers.delete(reader);
      this.count--;
    });
    // A HEAD request has an answer that ends at once; so has a caller that went away meanwhile.
    if (response.destroyed) reader.destroy();
    else response.once('close', () => reader.destroy());
    if (this.isClosing) reader.finish();
    return reader;
  }

  private async positionOf({ id, path }: ResumeAfter): Promise<number> {
    const position = await this.events.positionOf(id);
    if (position !== undefined) return position;
    throw invalidInput([
      { path, message: `there is no event ${id}; leave it out to begin with what happens from now on` },
    ]);
  }
}

function tooManyReaders(most: number): DomainError {
  return new DomainError(
    'unavailable',
    'too_many_streams',
    `${most} streams are open in this process (EVENT_STREAMS_MAX). Try again, or read GET /api/events.`,
    { retryAfterSeconds: 5 },
  );
}
