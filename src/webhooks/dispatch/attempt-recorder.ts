import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { LOG, type Log } from '../../logging/log.js';
import { Observations } from '../../observations/observations.js';
import { errorMessage } from '../../resilience/error-code.js';
import { DeliveryQueue, type Recorded, type RecordedAttempt } from './delivery-queue.js';

/** Most attempts in one transaction. */
const BATCH_MOST = 500;

/** How long to wait before a batch that the database did not take is tried again, in milliseconds. */
const RETRY_PAUSE = 200;

interface Waiting {
  readonly attempt: RecordedAttempt;
  readonly done: () => void;
}

/**
 * Records attempts in batches: whatever ends while one transaction is on its way goes with the next. Nothing is held
 * back for it.
 */
@Injectable()
export class AttemptRecorder {
  private waiting: Waiting[] = [];
  private isRecording = false;
  private onRecorded: (recorded: Recorded) => void = () => undefined;

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly clock: Clock,
    private readonly observations: Observations,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Who is told what follows from a batch. */
  listen(onRecorded: (recorded: Recorded) => void): void {
    this.onRecorded = onRecorded;
  }

  /** Records an attempt; resolved once it is committed, however long the database is away. */
  record(attempt: RecordedAttempt): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ attempt, done });
      if (!this.isRecording) {
        this.isRecording = true;
        // What ends in the same turn of the event loop goes together.
        setImmediate(() => void this.recordAll());
      }
    });
  }

  private async recordAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH_MOST);
      try {
        const attempts = batch.map(({ attempt }) => attempt);
        const recorded = await this.queue.record(attempts, this.clock.now());
        this.observations.tell('attempted', attempts);
        this.onRecorded(recorded);
        for (const { done } of batch) done();
      } catch (error) {
        this.log.warn(`Attempts were not recorded, which is tried again: ${errorMessage(error)}`);
        this.waiting.unshift(...batch);
        await new Promise<void>((resolve) => this.clock.wakeAt(this.clock.now() + RETRY_PAUSE, resolve));
      }
    }
    this.isRecording = false;
  }
}
