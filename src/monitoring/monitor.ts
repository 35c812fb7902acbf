import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { isSystemFault } from '../database/database-errors.js';
import type { ProcessHandle, Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { errorMessage } from '../resilience/error-code.js';
import { MonitorJournal } from './monitor-journal.js';
import { type MonitorSettings, StoredMonitorSettings } from './monitor-settings.js';
import { PartState } from './part-state.js';
import { type Sample, Sampler, timed } from './sampler.js';

/** As it stands among the background processes. */
export const MONITORING = 'monitoring';

/** The longest interval that somebody can set, in milliseconds. */
const LONGEST_INTERVAL = 3_600_000;

/** What this process saw of all parts. */
interface Seen {
  readonly samples: readonly Sample[];
  readonly absent: readonly string[];
  readonly settings: MonitorSettings;
  /** Whether the database took the row that the monitor wrote. */
  readonly canWrite: boolean;
}

/**
 * Looks at each part from time to time, as this process sees it, keeps a history, and has alerts raised where a part
 * changed for good. A pause stops it in the whole installation.
 */
@Injectable()
export class Monitor {
  private readonly states = new Map<string, PartState>();
  private readonly handle: ProcessHandle;
  private settings: MonitorSettings;
  private writeAt = Number.NEGATIVE_INFINITY;
  /** Why the database did not take what the monitor saw. One that is full has room for the row of a look all the same. */
  private refusal: string | undefined;

  constructor(
    private readonly sampler: Sampler,
    private readonly stored: StoredMonitorSettings,
    private readonly journal: MonitorJournal,
    private readonly clock: Clock,
    processes: BackgroundProcesses,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.settings = stored.with(null);
    this.handle = processes.register({
      name: MONITORING,
      description: 'Looks how each part of Otklik is, keeps a history, and raises alerts.',
      interval: LONGEST_INTERVAL,
      goesOnInMaintenance: true,
      run: () => this.run(),
    });
  }

  /** Says that there are new settings. */
  wake(): void {
    this.handle.wake();
  }

  /** What this process sees now. */
  async look(): Promise<Seen> {
    const { samples, absent, stored } = await this.sampler.look();
    if (stored !== undefined) this.settings = this.stored.with(stored);
    const { settings } = this;
    return {
      samples: samples.map((sample) => timed(sample, settings)),
      absent,
      settings,
      canWrite: stored !== undefined,
    };
  }

  async run(): Promise<Run> {
    const startedAt = this.clock.now();
    const seen = this.withRefusal(await this.look());
    const { samples, settings, absent } = seen;
    this.journal.note(samples);
    let hasChanged = false;
    for (const { service, status } of [...samples, ...absent.map(healthy)]) {
      // What else is not well then, is so because of the database: one alert says it.
      if (!seen.canWrite && service !== 'database') continue;
      hasChanged = this.stateOf(service).add(status, settings) || hasChanged;
    }
    await this.write(seen, startedAt, hasChanged);
    return { handled: samples.length, nextAt: startedAt + settings.interval };
  }

  private withRefusal(seen: Seen): Seen {
    const message = this.refusal;
    if (message === undefined || !seen.canWrite) return seen;
    const samples = seen.samples.map((sample) =>
      sample.service === 'database' ? { ...sample, status: 'unhealthy' as const, message } : sample,
    );
    return { ...seen, samples };
  }

  private async write(seen: Seen, now: number, hasChanged: boolean): Promise<void> {
    if (!seen.canWrite) return this.tellOutage(seen);
    // What could not be written is due until it is.
    if (hasChanged) this.writeAt = now;
    if (now < this.writeAt && !this.journal.hasOutage) return;
    try {
      await this.writeDown(seen);
    } catch (error) {
      if (!isSystemFault(error)) throw error;
      this.refusal = errorMessage(error);
      return this.tellOutage(seen);
    }
    this.refusal = undefined;
    this.writeAt = now + this.config.monitoring.historyInterval;
  }

  private async tellOutage({ samples }: Seen): Promise<void> {
    const database = samples.find(({ service }) => service === 'database');
    const isOut = this.stateOf('database').state === 'unhealthy';
    if (database && isOut) await this.journal.tellOutage(database);
  }

  private async writeDown({ samples }: Seen): Promise<void> {
    const { historyInterval } = this.config.monitoring;
    const messages = new Map(samples.map(({ service, message }) => [service, message]));
    const states = [...this.states].flatMap(([service, { state: status }]) =>
      status === undefined ? [] : [{ service, status, message: messages.get(service) ?? null }],
    );
    await this.journal.write(states, 3 * Math.max(historyInterval, this.settings.interval));
  }

  private stateOf(service: string): PartState {
    const state = this.states.get(service) ?? new PartState();
    this.states.set(service, state);
    return state;
  }
}

function healthy(service: string) {
  return { service, status: 'healthy' as const };
}
