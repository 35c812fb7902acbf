import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { errorMessage } from '../resilience/error-code.js';
import { Clearing } from './clearing.js';
import type { Due, RetentionKind } from './retention-kind.js';
import { RetentionKinds } from './retention-kinds.js';
import { type LastRun, RetentionRuns } from './retention-runs.js';

/** How one kind of data stands. */
export interface RetentionState {
  readonly kind: RetentionKind['name'];
  /** Milliseconds; infinity: for ever. */
  readonly keepFor: number;
  /** What is older would be deleted; undefined: nothing would. */
  readonly before: Date | undefined;
  readonly due: Due;
  readonly lastRun: LastRun | undefined;
}

/** The name of the background process. */
export const RETENTION = 'retention';

/** Deletes what is older than it is kept, of every kind of data, in batches. */
@Injectable()
export class Retention {
  constructor(
    private readonly kinds: RetentionKinds,
    private readonly runs: RetentionRuns,
    processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    processes.register({
      name: RETENTION,
      description: 'Deletes what is older than it is kept, of every kind of data.',
      interval: config.retention.interval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** What would be deleted now, and what was at last; changes nothing. */
  async states(): Promise<RetentionState[]> {
    const runs = await this.runs.last();
    const states: RetentionState[] = [];
    for (const kind of this.kinds.all) {
      const before = this.kinds.before(kind);
      const due = before ? await kind.due(before) : { count: 0, isMore: false };
      const lastRun = runs.find((run) => run.kind === kind.name);
      states.push({ kind: kind.name, keepFor: kind.keepFor, before, due, lastRun });
    }
    return states;
  }

  /**
   * Deletes what is old by now. Each kind has a batch in its turn, so that none waits until all of another is gone, and
   * one that fails holds up no other. Processes that do this at the same time pass over each other's rows.
   */
  async run(stopping?: AbortSignal): Promise<Run> {
    const all = this.kinds.all.flatMap((kind) => {
      const before = this.kinds.before(kind);
      return before ? new Clearing(kind, before) : [];
    });
    for (let going = all; going.length > 0; going = going.filter(({ isOver }) => !isOver))
      for (const clearing of going) await this.step(clearing, stopping);
    // Most of them, most of the time: one statement for all.
    await this.runs.ended(
      all.filter(({ hasBegun, deleted, faults }) => hasBegun && deleted === 0 && faults.length === 0),
    );
    const faulty = all.filter(({ faults }) => faults.length > 0);
    if (faulty.length > 0) throw failureOf(faulty);
    return { handled: all.reduce((sum, { deleted }) => sum + deleted, 0) };
  }

  private async step(clearing: Clearing, stopping?: AbortSignal): Promise<void> {
    if (stopping?.aborted) clearing.cutOff();
    else await clearing.step();
    const { kind, deleted, isOver, faults } = clearing;
    if (!isOver || deleted === 0) return;
    try {
      await this.runs.ended([clearing]);
    } catch (error) {
      this.log.error({ err: error, kind: kind.name, deleted }, 'A deletion was not recorded');
      faults.push(error);
    }
  }
}

/** Says of each kind that failed what it failed of. */
function failureOf(faulty: readonly Clearing[]): Error {
  const all = faulty.flatMap(({ kind, faults }) => faults.map((fault) => ({ kind, fault })));
  return new Error(all.map(({ kind, fault }) => `${kind.name}: ${errorMessage(fault)}`).join('; '), {
    cause: all[0]?.fault,
  });
}
