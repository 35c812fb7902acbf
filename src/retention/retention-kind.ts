/** What a batch did. */
export interface DeletedBatch {
  readonly deleted: number;
  /** Nothing more is to be deleted in this run. */
  readonly isOver: boolean;
}

/** How much would be deleted: counted along an index, up to a bound. */
export interface Due {
  readonly count: number;
  /** There are more than were counted. */
  readonly isMore: boolean;
}

/** A kind of data that is deleted when it is old. */
export interface RetentionKind {
  readonly name: 'conversations' | 'events';
  /** Milliseconds; infinity: for ever. */
  readonly keepFor: number;
  due(before: Date): Promise<Due>;
  /** Begins a run: each call deletes the next batch of it, in one transaction. */
  begin(before: Date): () => Promise<DeletedBatch>;
}

/** Most that are counted, and rows that are read for it. */
export const COUNT_LIMIT = 10_000;
