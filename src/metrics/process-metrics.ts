import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { MaintenanceMode } from '../maintenance/maintenance-mode.js';
import { Observations } from '../observations/observations.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import type { ProcessStatus } from '../processes/process-runner.js';
import { Metrics } from './metrics.js';

/** What goes on by itself, as far as it does here: a process without the role `worker` has none of these. */
@Injectable()
export class ProcessMetrics {
  constructor(
    metrics: Metrics,
    observations: Observations,
    private readonly processes: BackgroundProcesses,
    maintenance: MaintenanceMode,
    @Inject(CONFIG) { process: { roles } }: Config,
  ) {
    const durations = metrics.histogram(
      'process_run_duration_seconds',
      'How long runs of background processes took.',
      [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300],
      ['process'],
    );
    observations.on('processRan', ({ name, duration }) =>
      durations.observe({ process: name }, duration / 1000),
    );
    const counted = (name: string, help: string, read: (status: ProcessStatus) => number) =>
      metrics.counted(name, help, ['process'], () => this.each(read));
    counted('process_runs_total', 'Runs of background processes.', ({ runs }) => runs);
    counted(
      'process_failed_runs_total',
      'Runs that failed; each is followed by another.',
      ({ failedRuns }) => failedRuns,
    );
    counted('process_handled_total', 'What background processes dealt with.', ({ handled }) => handled);
    counted('process_not_handled_total', 'What they could not deal with.', ({ failed }) => failed);
    const gauge = (name: string, help: string, read: (status: ProcessStatus) => number) =>
      metrics.gauge(name, help, ['process'], () => this.each(read));
    gauge('process_lag_seconds', 'How late the work of a background process is.', ({ lag }) => lag / 1000);
    gauge('process_failing', 'Whether the last run failed.', ({ lastError }) =>
      lastError === undefined ? 0 : 1,
    );
    gauge('process_paused', 'Whether somebody paused it.', ({ isPaused }) => (isPaused ? 1 : 0));
    metrics.gauge('maintenance', 'Whether it is maintenance.', [], () => [[{}, maintenance.isOn ? 1 : 0]]);
    metrics.gauge('role', 'Which parts this process runs.', ['role'], () =>
      roles.map((role) => [{ role }, 1]),
    );
  }

  private *each(read: (status: ProcessStatus) => number): Generator<[{ process: string }, number]> {
    for (const [process, status] of this.processes.statuses()) {
      if (status.state !== 'not_here') yield [{ process }, read(status)];
    }
  }
}
