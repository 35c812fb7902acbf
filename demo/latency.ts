/** All in milliseconds. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles by nearest rank: each figure is one that was really measured. `null` without samples. */
export function summariseLatencies(samples: readonly number[]): LatencySummary | null {
  const sorted = Float64Array.from(samples).sort();
  const max = sorted.at(-1);
  if (max === undefined) return null;
  const percentile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? max;
  return { p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99), max };
}
