import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { type ProcessSwitch, ProcessSwitchRepository } from './process-switch.repository.js';
import { ProcessWakeups } from './process-wakeups.js';

/** Announced where somebody paused or resumed a process, or wants it to run. */
export const SWITCHES = 'switches';

/** Whoever does what was decided. */
interface Follower {
  /** @param wanted the names of the processes that somebody wants to run since it was last read */
  decided(wanted: readonly string[]): void;
}

/**
 * What was decided about background processes, as this process knows it: read when it is asked for, when another process
 * says that something was decided, and from time to time.
 */
@Injectable()
export class ProcessSwitches {
  private known: ReadonlyMap<string, ProcessSwitch> | undefined;
  private follower: Follower | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopLooking: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly table: ProcessSwitchRepository,
    private readonly wakeups: ProcessWakeups,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Tells whenever it was read. */
  tell(follower: Follower): void {
    this.follower = follower;
  }

  /** Since when a process is paused, as far as this process has read; undefined: it is not. */
  pausedAt(name: string): Date | undefined {
    return this.known?.get(name)?.pausedAt ?? undefined;
  }

  /** What was decided holds here at once, and in the other processes as soon as they hear of it. */
  async announce(): Promise<void> {
    this.wakeups.announce(SWITCHES, this.clock.now());
    await this.look();
  }

  /** Reads it. One after the other, so that what was read first is never taken for the newest. */
  look(): Promise<void> {
    const turn = this.looking.then(() => this.read());
    this.looking = turn.catch(() => undefined);
    return turn;
  }

  /** From now on it is read from time to time. */
  lookLater(): void {
    if (this.stopped) return;
    const { controlInterval } = this.config.backgroundProcesses;
    this.stopLooking = this.clock.wakeAt(this.clock.now() + controlInterval, () => this.lookNow());
  }

  lookNow(): void {
    if (this.stopped) return;
    this.stopLooking();
    this.look()
      .catch((error) => this.log.debug(`The switches of processes were not read: ${errorMessage(error)}`))
      .finally(() => this.lookLater());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.stopLooking();
    await this.looking;
  }

  private async read(): Promise<void> {
    const before = this.known;
    this.known = new Map((await this.table.list()).map((row) => [row.name, row]));
    // What was asked for before this process started was for others.
    const wanted = before
      ? [...this.known.values()].filter(
          ({ name, runRequests }) => runRequests > (before.get(name)?.runRequests ?? 0),
        )
      : [];
    this.follower?.decided(wanted.map(({ name }) => name));
  }
}
