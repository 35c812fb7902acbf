import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { type DomainError, notFound } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { Observations } from '../observations/observations.js';
import type { BackgroundProcess, ProcessHandle } from './background-process.js';
import { ProcessRunner, type ProcessStatus } from './process-runner.js';
import { ProcessSwitches, SWITCHES } from './process-switches.js';
import { ProcessWakeups } from './process-wakeups.js';

/**
 * All background processes of Otklik, for those who do the work and those who watch it. They run in processes with the
 * role `worker`, unless somebody has paused them, or it is maintenance.
 */
@Injectable()
export class BackgroundProcesses implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Whether they run here. */
  readonly isWorker: boolean;
  private readonly runners = new Map<string, ProcessRunner>();
  /** Says that it is maintenance, to whoever wants a run; undefined: it is not. */
  private refusal: (() => DomainError) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly switches: ProcessSwitches,
    private readonly wakeups: ProcessWakeups,
    private readonly observations: Observations,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.isWorker = config.process.roles.includes('worker');
    switches.tell({ decided: (wanted) => this.decided(wanted) });
  }

  /** Makes a background process known. */
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

  async onApplicationBootstrap(): Promise<void> {
    if (this.isWorker) await this.switches.look();
  }

  /** Begins with the work, where this process is a worker: once it listens, so that nobody who calls waits for it. */
  begin(): void {
    if (!this.isWorker) return;
    for (const runner of this.runners.values()) runner.start();
    this.switches.lookLater();
    this.wakeups.listen(
      (name, at) => {
        if (name === SWITCHES) this.switches.lookNow();
        else this.runners.get(name)?.wake(at);
      },
      () => {
        for (const runner of this.runners.values()) runner.wake();
      },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.wakeups.stop();
    await this.switches.stop();
    await Promise.all([...this.runners.values()].map((runner) => runner.stop()));
  }

  /** How each background process stands here, by its name; asks nobody. */
  statuses(): [name: string, status: ProcessStatus][] {
    return [...this.runners].map(([name, runner]) => [name, runner.status]);
  }

  /** How a background process stands here; asks nobody. */
  status(name: string): ProcessStatus {
    return this.runner(name).status;
  }

  /** What runs it here. @throws DomainError `process_not_found` */
  runner(name: string): ProcessRunner {
    const runner = this.runners.get(name);
    if (!runner) throw notFound('process', name);
    return runner;
  }

  /** The same, for whoever wants a run of it now. @throws DomainError `process_not_found`, `maintenance` */
  runnable(name: string): ProcessRunner {
    const runner = this.runner(name);
    if (this.refusal && this.isHeld(runner)) throw this.refusal();
    return runner;
  }

  /**
   * From now on nothing is begun but what goes on in maintenance; what runs comes to its end.
   *
   * @param refusal what somebody is answered who wants something else to run
   */
  hold(refusal: () => DomainError): void {
    this.refusal = refusal;
    this.apply();
  }

  release(): void {
    this.refusal = undefined;
    this.apply();
  }

  /** Where this process is no worker, the workers are told; what they find in time by themselves is not worth it. */
  private wake(runner: ProcessRunner, at: number = this.clock.now()): void {
    runner.wake(at);
    const { name, interval } = runner.process;
    if (!this.isWorker && at < this.clock.now() + interval) this.wakeups.announce(name, at);
  }

  private decided(wanted: readonly string[]): void {
    this.apply();
    if (!this.isWorker) return;
    for (const name of wanted) {
      const runner = this.runners.get(name);
      // Maintenance came between the wish and this process; what is not paused runs after it by itself.
      if (runner && !this.isHeld(runner)) void runner.runNow();
    }
  }

  private isHeld({ process }: ProcessRunner): boolean {
    return this.refusal !== undefined && !process.goesOnInMaintenance;
  }

  private apply(): void {
    for (const [name, runner] of this.runners) {
      if (this.isHeld(runner) || this.switches.pausedAt(name)) runner.pause();
      else runner.resume();
    }
  }
}
