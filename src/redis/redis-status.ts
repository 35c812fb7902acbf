/** How Redis stands, as this process sees it. */
export interface RedisReport {
  /**
   * - `not_configured`: there is no `REDIS_URL`
   * - `available`: the last command was answered
   * - `failing`: the last command failed, the next one is tried
   * - `avoided`: so many failed that it is left alone for a while
   */
  readonly state: 'not_configured' | 'available' | 'failing' | 'avoided';
  /** Of the last command that was answered, in milliseconds. */
  readonly latency: number | undefined;
  readonly lastError: string | undefined;
  /** When that was, in milliseconds since 1970. */
  readonly lastErrorAt: number | undefined;
  /** How often it was begun to leave Redis alone, since the start. */
  readonly timesAvoided: number;
  /** Whether what other processes say through Redis is heard. */
  readonly isListening: boolean;
}

/** What else it says of itself. */
export interface RedisMemory {
  readonly usedBytes: number;
  /** 0: without limit. */
  readonly maxBytes: number;
  readonly policy: string;
  readonly evictedKeys: number;
  readonly connectedClients: number;
}

/** For whoever watches Redis. */
export abstract class RedisStatus {
  /** What is known; asks nobody. */
  abstract report(): RedisReport;
  /** Asks Redis, within `REDIS_COMMAND_TIMEOUT`; several questions at once are one. */
  abstract check(): Promise<RedisReport>;
  /** @returns undefined where Redis does not answer in time */
  abstract memory(): Promise<RedisMemory | undefined>;
}
