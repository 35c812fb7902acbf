import { Inject, Injectable } from '@nestjs/common';
import type { RetryPolicy } from 'cockatiel';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { isConflict, isPoolTimeout, isUnavailable, violatedConstraint } from '../database/database-errors.js';
import { DomainError } from '../errors/domain-error.js';
import { OutboxSignal } from '../events/outbox-signal.js';
import { Observations } from '../observations/observations.js';
import { retryPolicy } from '../resilience/retry-policy.js';
import { type IncomingMessage, type IngestOutcome, IngestRepository } from './ingest.repository.js';

interface Waiting {
  readonly message: IncomingMessage;
  resolve(outcome: IngestOutcome): void;
  reject(error: unknown): void;
}

/**
 * Gathers messages that arrive at the same time into one transaction: a commit is what ingest costs, and twelve
 * messages share one. Nothing is held back for it: a message that arrives alone leaves at once.
 *
 * A client and a key are in one transaction at a time, so that a message sees what became of the one before,
 * and transactions of this process never wait for each other's locks.
 */
@Injectable()
export class IngestQueue {
  private waiting: Waiting[] = [];
  private inFlight = 0;
  private scheduled = false;
  private readonly busy = new Set<string>();
  private readonly retries: RetryPolicy;
  private readonly settings: Config['messages'];

  constructor(
    private readonly repository: IngestRepository,
    private readonly signal: OutboxSignal,
    private readonly observations: Observations,
    @Inject(CONFIG) config: Config,
  ) {
    this.settings = config.messages;
    this.retries = retryPolicy(config.retry, isCurable);
  }

  /** How many messages wait for a transaction. */
  get length(): number {
    return this.waiting.length;
  }

  /**
   * Stores a message; answered once it is committed.
   *
   * @throws DomainError `overloaded` where too many wait already; the message is then not stored
   */
  submit(message: IncomingMessage): Promise<IngestOutcome> {
    if (this.waiting.length >= this.settings.queueMax) {
      this.observations.tell('ingestRefused', undefined);
      throw new DomainError(
        'unavailable',
        'overloaded',
        `${this.waiting.length} messages wait to be stored already. Try again with the same idempotency key.`,
        { retryAfterSeconds: 1 },
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, resolve, reject });
      // A full batch leaves while the requests behind it are still being read: PostgreSQL need not wait for them.
      if (this.waiting.length >= this.settings.batchSize) this.start();
      else this.schedule();
    });
  }

  /** Waits for the end of this turn of the event loop: requests that came in with it go together. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.start();
    });
  }

  private start(): void {
    while (this.inFlight < this.settings.batchesInFlight) {
      const batch = this.take();
      if (batch.length === 0) return;
      this.inFlight++;
      void this.run(batch).finally(() => {
        this.inFlight--;
        for (const { message } of batch) {
          for (const lock of locksOf(message)) this.busy.delete(lock);
        }
        this.start();
      });
    }
  }

  private take(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    for (const item of this.waiting) {
      const locks = locksOf(item.message);
      if (batch.length < this.settings.batchSize && !locks.some((lock) => this.busy.has(lock))) {
        for (const lock of locks) this.busy.add(lock);
        batch.push(item);
      } else {
        left.push(item);
      }
    }
    this.waiting = left;
    return batch;
  }

  /** Never throws: every message of the batch is answered, with its outcome or an error. */
  private async run(batch: readonly Waiting[]): Promise<void> {
    const messages = batch.map((item) => item.message);
    try {
      const outcomes = await this.store(messages);
      this.signal.raise();
      this.observations.tell('ingested', { messages, outcomes });
      for (const { message, resolve, reject } of batch) {
        const outcome = outcomes.get(message.id);
        if (outcome) resolve(outcome);
        else reject(new Error(`Ingest gave no outcome for message ${message.id}.`));
      }
    } catch (error) {
      const [first, ...others] = batch;
      if (!first) return;
      if (others.length === 0 || isConflict(error) || isUnavailable(error)) {
        this.observations.tell('ingested', { messages, outcomes: new Map() });
        for (const { reject } of batch) reject(error);
        return;
      }
      // One of them is at fault; alone, each gets its own answer and none spoils another's.
      for (const item of batch) await this.run([item]);
    }
  }

  private store(batch: readonly IncomingMessage[]): Promise<ReadonlyMap<string, IngestOutcome>> {
    return this.retries.execute(async ({ attempt }) => {
      // After a lost connection nobody knows whether the commit happened: then PostgreSQL is asked first.
      const stored = attempt === 0 ? new Map() : await this.repository.findStored(batch);
      const missing = batch.filter((message) => !stored.has(message.id));
      if (missing.length === 0) return stored;
      const outcomes = await this.repository.ingest(missing, this.settings.duplicateWindow);
      return new Map([...stored, ...outcomes]);
    });
  }
}

/** Whether a further try may succeed. A message that exists already means that a try before it was committed. */
function isCurable(error: unknown): boolean {
  return (
    isConflict(error) ||
    (isUnavailable(error) && !isPoolTimeout(error)) ||
    violatedConstraint(error) === 'pk_messages'
  );
}

function locksOf({ client_id, owner_id, key }: IncomingMessage): string[] {
  return key === undefined ? [client_id] : [client_id, `${owner_id} ${key}`];
}
