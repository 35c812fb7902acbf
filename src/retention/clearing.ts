import type { RetentionKind } from './retention-kind.js';

/** A run over one kind of data, and what came of it so far. */
export class Clearing {
  deleted = 0;
  /** Of its own batches, in milliseconds: other kinds have their turn between. */
  duration = 0;
  hasBegun = false;
  isOver = false;
  readonly faults: unknown[] = [];
  private readonly next: ReturnType<RetentionKind['begin']>;

  constructor(
    readonly kind: RetentionKind,
    readonly before: Date,
  ) {
    this.next = kind.begin(before);
  }

  /** Deletes the next batch. One that fails is the last; those before it are committed. */
  async step(): Promise<void> {
    const started = performance.now();
    this.hasBegun = true;
    try {
      const { deleted, isOver } = await this.next();
      this.deleted += deleted;
      this.isOver = isOver;
    } catch (error) {
      this.faults.push(error);
      this.isOver = true;
    }
    this.duration += performance.now() - started;
  }

  /** Ends it before it is over. */
  cutOff(): void {
    this.isOver = true;
  }
}
