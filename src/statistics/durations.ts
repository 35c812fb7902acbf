/**
 * Durations are counted in buckets, each a tenth longer than the one before, so that the counts of any hours can be
 * added up and still tell the median: within five per cent of the exact one.
 */
export const GROWTH = 1.1;

/** How often each bucket was met. */
export type BucketCounts = ReadonlyMap<number, number>;

/** What is told of many durations. */
export interface DurationSummary {
  readonly count: number;
  /** Milliseconds; null where there was none. */
  readonly medianMs: number | null;
  readonly p90Ms: number | null;
}

/** The bucket of a duration in milliseconds, as count-events.sql has it. */
export function bucketOf(milliseconds: number): number {
  return Math.floor(Math.log(Math.max(milliseconds, 1)) / Math.log(GROWTH));
}

/** The duration that so many parts of all are not longer than (nearest rank); undefined where there is none. */
export function percentile(counts: BucketCounts, part: number): number | undefined {
  const total = countOf(counts);
  const rank = Math.max(1, Math.ceil(part * total));
  let passed = 0;
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    passed += count;
    if (passed >= rank) return Math.round(GROWTH ** (bucket + 0.5));
  }
  return undefined;
}

export function summaryOf(counts: BucketCounts): DurationSummary {
  return {
    count: countOf(counts),
    medianMs: percentile(counts, 0.5) ?? null,
    p90Ms: percentile(counts, 0.9) ?? null,
  };
}

function countOf(counts: BucketCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
