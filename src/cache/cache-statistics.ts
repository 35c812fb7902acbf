/** How many of the last durations are remembered. */
const SAMPLES = 512;

/** Milliseconds; undefined where nothing was measured yet. */
export interface Percentiles {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

/** The last so many durations, and how they are distributed. */
export class Latencies {
  private readonly samples: number[] = [];
  private next = 0;

  add(milliseconds: number): void {
    this.samples[this.next] = milliseconds;
    this.next = (this.next + 1) % SAMPLES;
  }

  percentiles(): Percentiles {
    const sorted = this.samples.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1];
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}

/** What happened to one kind since the start of this process. */
export class KindStatistics {
  /** Answered from the memory of this process. */
  nearHits = 0;
  /** Answered from Redis. */
  sharedHits = 0;
  /** Had to be made, or asked for where they are at home. */
  misses = 0;
  /** Waited for another that asked for the same. */
  joined = 0;
  /** Made anew before the end of their time, behind whoever asked. */
  refreshed = 0;
  /** Could not be made. */
  failed = 0;
  /** Found in Redis and not believed. */
  corrupt = 0;
  /** Said to hold no longer, here or elsewhere. */
  invalidated = 0;
  /** Of reading from Redis. */
  readonly sharedLatency = new Latencies();
  /** Of making them. */
  readonly loadLatency = new Latencies();

  /** From 0 to 1; undefined before anybody asked. */
  get hitRate(): number | undefined {
    const hits = this.nearHits + this.sharedHits;
    return hits + this.misses === 0 ? undefined : hits / (hits + this.misses);
  }
}
