import { ExponentialBackoff, type IBackoff, type IBackoffFactory } from 'cockatiel';
import type { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import type { Log } from '../logging/log.js';
import { requestContext } from '../logging/request-context.js';
import type { Fault, Observations } from '../observations/observations.js';
import { errorMessage } from '../resilience/error-code.js';
import type { BackgroundProcess, ProcessHandle, Run } from './background-process.js';

/** Where a background process of this process stands. Times are milliseconds since 1970, durations milliseconds. */
export interface ProcessStatus {
  readonly state: 'waiting' | 'running' | 'paused' | 'failing' | 'not_here';
  readonly lastRunAt: number | undefined;
  readonly lastRunDuration: number | undefined;
  readonly lastError: string | undefined;
  readonly nextRunAt: number | undefined;
  readonly isPaused: boolean;
  readonly lag: number;
  readonly runs: number;
  readonly failedRuns: number;
  readonly handled: number;
  readonly failed: number;
}

/**
 * Runs one background process again and again: when its last run said so, when somebody wakes it, and at the
 * latest after its interval. Runs never overlap.
 */
export class ProcessRunner implements ProcessHandle {
  private readonly stopping = new AbortController();
  private readonly backoffs: IBackoffFactory<unknown>;
  private backoff: IBackoff<unknown> | undefined;
  private started = false;
  private paused = false;
  private running: Promise<void> | undefined;
  private nextAt: number | undefined;
  private callOff: () => void = () => undefined;
  /** The earliest time that somebody asked for during a run. */
  private wokenFor = Number.POSITIVE_INFINITY;
  /** When the first of the failed runs began, after which none was good. */
  private failingSince: number | undefined;

  private lastRunAt: number | undefined;
  private lastRunDuration: number | undefined;
  private lastError: string | undefined;
  private lag = 0;
  private runs = 0;
  private failedRuns = 0;
  private handled = 0;
  private failed = 0;

  constructor(
    readonly process: BackgroundProcess,
    private readonly clock: Clock,
    settings: Config['backgroundProcesses'],
    private readonly log: Log,
    private readonly observations: Observations,
  ) {
    this.backoffs = new ExponentialBackoff({
      initialDelay: settings.retryBaseDelay,
      maxDelay: settings.retryMaxDelay,
    });
  }

  get status(): ProcessStatus {
    return {
      state: this.state(),
      lastRunAt: this.lastRunAt,
      lastRunDuration: this.lastRunDuration,
      lastError: this.lastError,
      nextRunAt: this.nextAt,
      isPaused: this.paused,
      lag: this.overdue(),
      runs: this.runs,
      failedRuns: this.failedRuns,
      handled: this.handled,
      failed: this.failed,
    };
  }

  /** Begins, with a first run at once. */
  start(): void {
    this.started = true;
    this.plan(this.clock.now());
  }

  /** Ends what runs, and begins nothing any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.cancelPlan();
    await this.running;
    await this.process.settled?.();
  }

  /** From now on it begins nothing by itself; what runs comes to its end. */
  pause(): void {
    this.paused = true;
    this.cancelPlan();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.started) this.plan(this.clock.now());
  }

  wake(at: number = this.clock.now()): void {
    if (!this.started) return;
    if (this.running) this.wokenFor = Math.min(this.wokenFor, at);
    else if (this.nextAt === undefined || at < this.nextAt) this.plan(at);
  }

  report(handled: number, failed: number): void {
    this.handled += handled;
    this.failed += failed;
  }

  /** The same, and waits for what it leaves to go on behind it. */
  async runWhole(): Promise<void> {
    await this.runNow();
    await this.process.settled?.();
  }

  /** Runs it now, paused or not, and waits for the end; joins a run that goes on already. */
  async runNow(): Promise<void> {
    if (this.stopping.signal.aborted) return this.running;
    this.cancelPlan();
    this.running ??= this.runOnce().finally(() => {
      this.running = undefined;
      this.plan(Math.min(this.wokenFor, this.nextAt ?? Number.POSITIVE_INFINITY));
    });
    return this.running;
  }

  private plan(at: number): void {
    this.cancelPlan();
    if (!this.started || this.paused || this.stopping.signal.aborted) return;
    this.nextAt = at;
    // Where a request woke it, what it does is nobody's request all the same.
    this.callOff = requestContext.exit(() =>
      this.clock.wakeAt(at, () => {
        // A timer may come early, and a long wait comes in pieces.
        if (this.clock.now() < at) this.plan(at);
        else void this.runNow();
      }),
    );
  }

  private cancelPlan(): void {
    this.callOff();
    this.nextAt = undefined;
  }

  private async runOnce(): Promise<void> {
    const startedAt = this.clock.now();
    const started = performance.now();
    this.wokenFor = Number.POSITIVE_INFINITY;
    this.lastRunAt = startedAt;
    this.runs++;
    let next = startedAt + this.process.interval;
    let fault: Fault | undefined;
    try {
      const run: Run = await requestContext.exit(() => this.process.run(this.stopping.signal));
      this.report(run.handled, run.failed ?? 0);
      this.lag = run.lag ?? 0;
      next = Math.min(next, run.nextAt ?? next);
      if (this.lastError !== undefined)
        this.log.info(`The background process ${this.process.name} works again.`);
      this.lastError = undefined;
      this.failingSince = undefined;
      this.backoff = undefined;
    } catch (error) {
      fault = { error };
      this.failedRuns++;
      this.failingSince ??= startedAt;
      this.backoff = this.backoff ? this.backoff.next(undefined) : this.backoffs.next(undefined);
      next = Math.min(next, this.clock.now() + this.backoff.duration);
      // One line for an outage, however long: the rest is in health and in the list of processes.
      const level = this.lastError === undefined ? 'warn' : 'debug';
      this.log[level]({ err: error }, `A run of the background process ${this.process.name} failed`);
      this.lastError = errorMessage(error);
    }
    this.lastRunDuration = performance.now() - started;
    this.observations.tell('processRan', {
      name: this.process.name,
      duration: this.lastRunDuration,
      fault,
    });
    this.nextAt = next;
  }

  private state(): ProcessStatus['state'] {
    if (!this.started) return 'not_here';
    if (this.running) return 'running';
    if (this.paused) return 'paused';
    return this.lastError === undefined ? 'waiting' : 'failing';
  }

  /** What is planned and not begun in time is late as well, and so is what a failed run should have done. */
  private overdue(): number {
    // During a run, what somebody asked for waits for its end.
    const asked = this.running && Number.isFinite(this.wokenFor) ? this.wokenFor : undefined;
    const waitingSince = this.failingSince ?? asked ?? this.nextAt;
    return Math.max(this.lag, waitingSince === undefined ? 0 : this.clock.now() - waitingSince);
  }
}
