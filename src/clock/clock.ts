import { v7 } from 'uuid';

/** What time it is. Injected, so that tests move it instead of sleeping. */
export abstract class Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  abstract now(): number;
}

/** The computer's own clock. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }
}

/** Makes identifiers: UUIDs of version 7, which sort by the time they were made (RFC 9562, 5.7). */
export abstract class IdGenerator {
  abstract next(): string;
}

/** Identifiers from the system's clock and random numbers. */
export class RandomIdGenerator extends IdGenerator {
  override next(): string {
    return v7();
  }
}
