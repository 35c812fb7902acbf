import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { notFound } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { Observations } from '../observations/observations.js';
import { errorMessage } from '../resilience/error-code.js';
import type { BackgroundProcess, ProcessHandle } from './background-process.js';
import { ProcessRunner, type ProcessStatus } from './process-runner.js';
import { type ProcessSwitch, ProcessSwitches } from './process-switches.js';
import { ProcessWakeups } from './process-wakeups.js';

/** Announced where somebody paused, resumed or wants to run a process. */
const SWITCHES = 'switches';

/** A background process: what it is, how it stands here, and what was decided about it everywhere. */
export interface ListedProcess {
  readonly process: BackgroundProcess;
  readonly status: ProcessStatus;
  readonly pausedAt: Date | undefined;
}

/**
 * All background processes of Otklik. They run in processes with the role `worker`; whether they are paused stands
 * in the database, so it holds for every process of the installation and across restarts.
 */
@Injectable()
export class BackgroundProcesses implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly runners = new Map<string, ProcessRunner>();
  private readonly isWorker: boolean;
  private switches: ReadonlyMap<string, ProcessSwitch> | undefined;
  private stopLooking: () => void = () => undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;
  private held = false;

  constructor(
    private readonly clock: Clock,
    private readonly table: ProcessSwitches,
    private readonly wakeups: ProcessWakeups,
    private readonly observations: Observations,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.isWorker = config.process.roles.includes('worker');
  }

  /** Makes a background process known; it begins when the application has started. */
  register(process: BackgroundProcess): ProcessHandle {
    if (this.runners.has(process.name))
      throw new Error(`There are two background processes ${process.name}.`);
    const runner = new ProcessRunner(
      process,
      this.clock,
      this.config.backgroundProcesses,
      this.log,
      this.observations,
    );
    this.runners.set(process.name, runner);
    return {
      wake: (at) => this.wake(runner, at),
      report: (handled, failed) => runner.report(handled, failed),
    };
  }

  /** Where this process is no worker, the workers are told; what they find in time by themselves is not worth it. */
  private wake(runner: ProcessRunner, at: number = this.clock.now()): void {
    runner.wake(at);
    const { name, interval } = runner.process;
    if (!this.isWorker && at < this.clock.now() + interval) this.wakeups.announce(name, at);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.isWorker) return;
    await this.look();
    for (const runner of this.runners.values()) runner.start();
    this.lookLater();
    this.wakeups.listen(
      (name, at) => {
        if (name === SWITCHES) this.lookNow();
        else this.runners.get(name)?.wake(at);
      },
      () => {
        for (const runner of this.runners.values()) runner.wake();
      },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.stopLooking();
    this.wakeups.stop();
    await this.looking;
    await Promise.all([...this.runners.values()].map((runner) => runner.stop()));
  }

  /** Every background process, in the order of their names. */
  async list(): Promise<ListedProcess[]> {
    await this.look();
    return [...this.runners.keys()].sort().map((name) => this.listed(name));
  }

  /** How each background process stands here, by its name; asks nobody. */
  statuses(): [name: string, status: ProcessStatus][] {
    return [...this.runners].map(([name, runner]) => [name, runner.status]);
  }

  /** How a background process stands here; asks nobody. */
  status(name: string): ProcessStatus {
    return this.runner(name).status;
  }

  /** @throws DomainError `process_not_found` */
  async pause(name: string): Promise<ListedProcess> {
    this.runner(name);
    await this.table.pause(name, new Date(this.clock.now()));
    await this.decided();
    return this.listed(name);
  }

  /** @throws DomainError `process_not_found` */
  async resume(name: string): Promise<ListedProcess> {
    this.runner(name);
    await this.table.resume(name);
    await this.decided();
    return this.listed(name);
  }

  /**
   * Runs it now, even while it is paused, and waits for the end of the run; where this process is no worker, the
   * workers are asked to.
   *
   * @throws DomainError `process_not_found`
   */
  async run(name: string): Promise<ListedProcess> {
    const runner = this.runner(name);
    if (this.isWorker) {
      await runner.runWhole();
    } else {
      await this.table.requestRun(name);
      await this.decided();
    }
    return this.listed(name);
  }

  /** The same, because somebody wants it: it stands in the audit log. @throws DomainError `process_not_found` */
  async runByHand(name: string): Promise<ListedProcess> {
    this.runner(name);
    await this.table.recordRun(name);
    return this.run(name);
  }

  /** From now on nothing is begun but what goes on in maintenance; what runs comes to its end. */
  hold(): void {
    this.held = true;
    this.apply();
  }

  release(): void {
    this.held = false;
    this.apply();
  }

  private apply(): void {
    for (const [name, runner] of this.runners) {
      const isHeld = this.held && !runner.process.goesOnInMaintenance;
      if (isHeld || this.switches?.get(name)?.pausedAt) runner.pause();
      else runner.resume();
    }
  }

  private runner(name: string): ProcessRunner {
    const runner = this.runners.get(name);
    if (!runner) throw notFound('process', name);
    return runner;
  }

  private listed(name: string): ListedProcess {
    const { process, status } = this.runner(name);
    return { process, status, pausedAt: this.switches?.get(name)?.pausedAt ?? undefined };
  }

  /** What was decided holds here at once, and in the other processes as soon as they hear of it. */
  private async decided(): Promise<void> {
    this.wakeups.announce(SWITCHES, this.clock.now());
    await this.look();
  }

  private lookLater(): void {
    if (this.stopped) return;
    const { controlInterval } = this.config.backgroundProcesses;
    this.stopLooking = this.clock.wakeAt(this.clock.now() + controlInterval, () => this.lookNow());
  }

  private lookNow(): void {
    if (this.stopped) return;
    this.stopLooking();
    this.look()
      .catch((error) => this.log.debug(`The switches of processes were not read: ${errorMessage(error)}`))
      .finally(() => this.lookLater());
  }

  /** One after the other, so that what was read first is never taken for the newest. */
  private look(): Promise<void> {
    const turn = this.looking.then(() => this.readSwitches());
    this.looking = turn.catch(() => undefined);
    return turn;
  }

  private async readSwitches(): Promise<void> {
    const before = this.switches;
    const switches = new Map((await this.table.list()).map((row) => [row.name, row]));
    this.switches = switches;
    this.apply();
    // What was asked for before this process started was for others.
    if (!this.isWorker || before === undefined) return;
    for (const [name, runner] of this.runners) {
      const now = switches.get(name);
      if ((now?.runRequests ?? 0) > (before.get(name)?.runRequests ?? 0)) void runner.runNow();
    }
  }
}
