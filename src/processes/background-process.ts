/** What a run of a background process did. */
export interface Run {
  /** How many it dealt with: reminders sent, conversations closed. */
  readonly handled: number;
  /** How many it could not deal with; they are tried again, or shown where they belong. */
  readonly failed?: number;
  /** When there is more to do, in milliseconds since 1970; absent where only the interval knows. */
  readonly nextAt?: number | undefined;
  /** How late the latest of what it dealt with was begun, in milliseconds. */
  readonly lag?: number | undefined;
}

/** Work that goes on by itself, in processes with the role `worker`. */
export interface BackgroundProcess {
  /** As it stands in paths: lower case, with hyphens. */
  readonly name: string;
  /** What it does, for people. */
  readonly description: string;
  /** The longest time between two runs, in milliseconds. */
  readonly interval: number;
  /**
   * One run, which never overlaps another of the same process. What it throws is counted, shown, and followed by
   * another run after a pause.
   *
   * @param stopping aborted when the process should come to its end soon
   */
  run(stopping: AbortSignal): Promise<Run>;
  /** What keeps on looking after Otklik itself while everything else pauses. */
  readonly goesOnInMaintenance?: true;
  /** Waits for what runs have begun and left to go on behind them. */
  settled?(): Promise<void>;
}

/** What whoever registered a background process can do with it. */
export interface ProcessHandle {
  /**
   * Says that there will be something to do; cheap where a run is planned for then or earlier.
   *
   * @param at milliseconds since 1970; absent: now
   */
  wake(at?: number): void;
  /** Counts what was dealt with behind the runs. */
  report(handled: number, failed: number): void;
}
