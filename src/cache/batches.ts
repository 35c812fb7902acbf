/** Most keys that one call sends to Redis, or to where values are at home. */
const BATCH = 100;

export function* batches(keys: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < keys.length; from += BATCH) yield keys.slice(from, from + BATCH);
}
