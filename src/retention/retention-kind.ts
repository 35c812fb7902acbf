/**
 * What is deleted when it is old, in the order in which it has its turn: a delivery keeps its event, so deliveries go
 * before events.
 */
export const RETENTION_KINDS = [
  'conversations',
  'deliveries',
  'webhook_replays',
  'events',
  'idempotency_keys',
  'monitoring_samples',
  'alerts',
] as const;

/** What a batch did. */
export interface DeletedBatch {
  readonly deleted: number;
  /** Nothing more is to be deleted in this run. */
  readonly isOver: boolean;
}

/** How much would be deleted: counted along an index, up to a bound. */
export interface Due {
  readonly count: number;
  /** Not everything old was looked at: there may be more. */
  readonly isMore: boolean;
}

/** A kind of data that is deleted when it is old. */
export interface RetentionKind {
  readonly name: (typeof RETENTION_KINDS)[number];
  /** Milliseconds; infinity: for ever. */
  readonly keepFor: number;
  /** Each has a time of its own at which it expires, `keepFor` after it was made: what has by now is deleted. */
  readonly expires?: true;
  /**
   * What people wrote and what became of it: that it was deleted stands in the audit log. The rest is bookkeeping, which
   * comes and goes with the work.
   */
  readonly isRecorded?: true;
  due(before: Date): Promise<Due>;
  /**
   * Begins a run: each call deletes the next batch of it, in one transaction. Most runs find nothing, which costs no more
   * than one statement that reads one entry of an index.
   */
  begin(before: Date): () => Promise<DeletedBatch>;
}

/** Most that are counted, and rows that are read for it. */
export const COUNT_LIMIT = 10_000;

/** Makes the first batch wait for a look whether there is anything at all. */
export function afterLooking(
  look: () => Promise<boolean>,
  next: () => Promise<DeletedBatch>,
): () => Promise<DeletedBatch> {
  let isThere = false;
  return async () => {
    isThere ||= await look();
    return isThere ? next() : { deleted: 0, isOver: true };
  };
}
