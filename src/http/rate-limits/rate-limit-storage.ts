/** How one caller stands in one group of routes after a request was counted. */
export interface RateLimitCount {
  /** Requests left in this window; below zero once the limit is passed. */
  readonly remaining: number;
  /** Milliseconds until the window ends. */
  readonly resetIn: number;
}

/** Where requests are counted: in this process, or in one place for all of them. */
export abstract class RateLimitStorage {
  /**
   * Counts one request.
   *
   * @param key the group and the caller
   * @param window milliseconds
   */
  abstract count(key: string, limit: number, window: number): Promise<RateLimitCount>;
}
