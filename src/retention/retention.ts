import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Transactor } from '../database/transactor.js';
import type { Run } from '../processes/background-process.js';
import { BackgroundProcesses } from '../processes/background-processes.js';
import { OldConversations } from './old-conversations.js';
import { OldEvents } from './old-events.js';
import type { Due, RetentionKind } from './retention-kind.js';

/** What a run deleted of one kind. */
interface LastRun {
  readonly kind: string;
  readonly finishedAt: Date;
  readonly durationMs: number;
  readonly deleted: number;
}

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

const NAME = 'retention';

/** Deletes what is older than it is kept, kind by kind, in batches. */
@Injectable()
export class Retention {
  private readonly kinds: readonly RetentionKind[];

  constructor(
    conversations: OldConversations,
    events: OldEvents,
    private readonly dataSource: DataSource,
    private readonly transactor: Transactor,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly processes: BackgroundProcesses,
    @Inject(CONFIG) config: Config,
  ) {
    this.kinds = [conversations, events];
    processes.register({
      name: NAME,
      description: 'Deletes conversations and events that are older than they are kept.',
      interval: config.retention.interval,
      run: (stopping) => this.run(stopping),
    });
  }

  /** Runs it now; where this process is no worker, the workers are asked to. */
  async runNow(): Promise<void> {
    await this.processes.runByHand(NAME);
  }

  /** What would be deleted now, and what was at last; changes nothing. */
  async states(): Promise<RetentionState[]> {
    const runs: LastRun[] = await this.dataSource.query(
      `select kind, finished_at as "finishedAt", duration_ms as "durationMs", deleted::float8 as deleted
         from retention_runs`,
    );
    const states: RetentionState[] = [];
    for (const kind of this.kinds) {
      const before = this.before(kind);
      const due = before ? await kind.due(before) : { count: 0, isMore: false };
      const lastRun = runs.find((run) => run.kind === kind.name);
      states.push({ kind: kind.name, keepFor: kind.keepFor, before, due, lastRun });
    }
    return states;
  }

  /** Deletes what is old by now. Processes that do this at the same time pass over each other's rows. */
  async run(stopping?: AbortSignal): Promise<Run> {
    let handled = 0;
    for (const kind of this.kinds) {
      const before = this.before(kind);
      if (before && !stopping?.aborted) handled += await this.clear(kind, before, stopping);
    }
    return { handled };
  }

  private async clear(kind: RetentionKind, before: Date, stopping?: AbortSignal): Promise<number> {
    const started = performance.now();
    const next = kind.begin(before);
    let deleted = 0;
    for (let isOver = false; !isOver; ) {
      const batch = await next();
      deleted += batch.deleted;
      isOver = batch.isOver || (stopping?.aborted ?? false);
    }
    await this.transactor.run(async (tx) => {
      await tx.query(
        `insert into retention_runs (kind, finished_at, duration_ms, deleted) values ($1, $2, $3, $4)
       on conflict (kind) do update
          set finished_at = excluded.finished_at, duration_ms = excluded.duration_ms, deleted = excluded.deleted`,
        [kind.name, new Date(this.clock.now()), Math.round(performance.now() - started), deleted],
      );
      if (deleted > 0) {
        const after = { deleted, before: before.toISOString() };
        await this.audit.record(tx, {
          action: 'retention.deleted',
          subject: kind.name,
          after,
          automatic: true,
        });
      }
    });
    return deleted;
  }

  private before({ keepFor }: RetentionKind): Date | undefined {
    return Number.isFinite(keepFor) ? new Date(this.clock.now() - keepFor) : undefined;
  }
}
