/** How many rows stand for a given number of stored messages, and who wrote them. */
export interface Shape {
  readonly messages: number;
  readonly conversations: number;
  readonly clients: number;
  /** The first clients of all, with 100 messages each: their histories fill a page. */
  readonly regulars: number;
  /** A client's next conversation is this many conversations later: spread over the whole year. */
  readonly regularStride: number;
  readonly otherStride: number;
}

/** Messages of one conversation, 100 messages apart: as many conversations are always going on at once. */
export const MESSAGES_PER_CONVERSATION = 5;
export const CONVERSATIONS_AT_ONCE = 100;

/** A regular client has 20 conversations. */
export const MESSAGES_PER_REGULAR = 100;

/** Whole numbers everywhere below: no client and no conversation is left over. */
export const STORED_STEP = 10_000;

/** What counts as a small database: its pages can be filled, and little else. */
export const SMALL = STORED_STEP;

/** Of five conversations in a row, the first two belong to regular clients, the others to all the others. */
const OF_REGULARS = 2;
const IN_A_ROW = 5;

/** @param messages a multiple of {@link STORED_STEP} */
export function shapeOf(messages: number): Shape {
  if (!(messages > 0) || messages % STORED_STEP !== 0) {
    throw new RangeError(`Messages are stored by the ${STORED_STEP}, not ${messages}.`);
  }
  const conversations = messages / MESSAGES_PER_CONVERSATION;
  const clients = messages / 10;
  const ofRegulars = (conversations * OF_REGULARS) / IN_A_ROW;
  const regulars = ofRegulars / (MESSAGES_PER_REGULAR / MESSAGES_PER_CONVERSATION);
  return {
    messages,
    conversations,
    clients,
    regulars,
    regularStride: (regulars / OF_REGULARS) * IN_A_ROW,
    otherStride: ((clients - regulars) / (IN_A_ROW - OF_REGULARS)) * IN_A_ROW,
  };
}

/** Conversations from `first` to `last`, in parts: whole groups of those that go on at once. */
export function* chunksOf({ conversations }: Shape): Generator<{ first: number; last: number }> {
  const size = 40_000;
  for (let first = 0; first < conversations; first += size) {
    yield { first, last: Math.min(first + size, conversations) - 1 };
  }
}
