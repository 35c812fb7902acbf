import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { LOG, type Log } from '../logging/log.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
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

/** Deletes what is older than it is kept, kind by kind, in batches. */
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
      description: 'Deletes conversations and events that are older than they are kept.',
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

  /** Deletes what is old by now. Processes that do this at the same time pass over each other's rows. */
  async run(stopping?: AbortSignal): Promise<Run> {
    let handled = 0;
    for (const kind of this.kinds.all) {
      const before = this.kinds.before(kind);
      if (before && !stopping?.aborted) handled += await this.clear(kind, before, stopping);
    }
    return { handled };
  }

  private async clear(kind: RetentionKind, before: Date, stopping?: AbortSignal): Promise<number> {
    const started = performance.now();
    const next = kind.begin(before);
    let deleted = 0;
    const end = () =>
      this.runs.ended({ kind: kind.name, before, deleted, duration: performance.now() - started });
    try {
      for (let isOver = false; !isOver; ) {
        const batch = await next();
        deleted += batch.deleted;
        isOver = batch.isOver || (stopping?.aborted ?? false);
      }
    } catch (error) {
      // The batches before are committed, and so is what they have deleted.
      if (deleted > 0)
        await end().catch((reason) =>
          this.log.error({ err: reason, deleted }, 'A deletion was not recorded'),
        );
      throw error;
    }
    await end();
    return deleted;
  }
}
