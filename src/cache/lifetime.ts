import type { CachePolicy } from './cache-policies.js';

/** A value shortens its time by up to this share, so that what was made together does not end together. */
const JITTER = 0.1;

/** How long a value that is made now holds, in milliseconds. */
export function lifetime({ ttl }: CachePolicy): number {
  return ttl * (1 - JITTER * Math.random());
}

/**
 * From when on it is worth making a value anew. One that only this process has is renewed at half its time. Of those
 * that are shared, each process draws when: the earlier, the longer it takes, so that one of them is done first
 * (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, 2015).
 *
 * @param endsAt milliseconds since 1970
 * @param cost how long it took to make, in milliseconds
 */
export function refreshTime({ isShared }: CachePolicy, now: number, endsAt: number, cost: number): number {
  return isShared ? endsAt + cost * Math.log(1 - Math.random()) : now + (endsAt - now) / 2;
}
