import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { DomainError } from '../errors/domain-error.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { BackupFiles } from './backup-files.js';
import type { BackupMetadata } from './backup-metadata.js';
import { BackupRunRepository, type NewRun, type RunState } from './backup-run.repository.js';
import type { RunProgress } from './run-progress.js';

/** How many times within a lease a run at least says that it goes on. */
const SIGNS_OF_LIFE = 6;

/** How old what is shown of a run's progress may be, in milliseconds. */
const PROGRESS_AGE = 2_000;

/** Says who wanted a run, in the transaction that begins it. */
export type RecordRun = (tx: EntityManager, run: NewRun) => Promise<void>;

/** A run that has begun. */
export interface BegunRun<T> {
  readonly run: NewRun;
  /** Rejects with what it failed of. */
  readonly ended: Promise<T>;
}

/**
 * Does one thing about backups at a time, in the whole installation: the row of what goes on is the lock. It is kept
 * up while its process lives; another takes over once it is not.
 */
@Injectable()
export class BackupRunner implements OnApplicationShutdown {
  private readonly settings: Config['backups'];
  private readonly stopping = new AbortController();
  private readonly going = new Set<Promise<unknown>>();

  constructor(
    private readonly runs: BackupRunRepository,
    private readonly files: BackupFiles,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = config.backups;
  }

  /** After how long without a sign of life a run is given up, in milliseconds. */
  get lease(): number {
    return this.settings.lease;
  }

  /** What is given up then is as if it had not begun; it is waited for. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort(new Error('The process was stopped.'));
    await Promise.allSettled(this.going);
  }

  /**
   * Begins, and leaves it to go on.
   *
   * @param what.filename of what is to be, from the run's id and time
   * @param what.slot the time of the schedule that it is for
   * @param what.record where somebody wants it: an act that is not recorded is not begun
   * @param work answers the metadata of the backup that it is about, as far as it knows it
   * @throws DomainError `backup_running` where something else goes on
   */
  async begin<T extends BackupMetadata | null>(
    what: Pick<NewRun, 'action' | 'kind'> & {
      filename(id: string, at: number): string;
      slot?: Date;
      record?: RecordRun;
    },
    work: (run: NewRun, progress: RunProgress) => Promise<T>,
  ): Promise<BegunRun<T>> {
    await this.giveUpAbandoned();
    const [id, now] = [this.ids.next(), this.clock.now()];
    const run: NewRun = {
      id,
      action: what.action,
      kind: what.kind,
      filename: what.filename(id, now),
      startedAt: new Date(now),
    };
    const record = what.record ?? (async () => undefined);
    if (!(await this.runs.begin(run, this.leaseEnd(), what.slot ?? null, record))) throw await this.busy();
    const ended = this.carryOut(run, work);
    this.going.add(ended);
    ended.catch(() => undefined).finally(() => this.going.delete(ended));
    return { run, ended };
  }

  /** Gives up what processes that are gone have left, and deletes their halves of files. */
  async giveUpAbandoned(): Promise<void> {
    const abandoned = await this.runs.giveUpAbandoned(new Date(this.clock.now()));
    for (const run of abandoned) {
      this.log.warn({ backup: run.filename }, `The process is gone that did the ${run.action}.`);
    }
    // Listed first: what somebody begins after we asked is not among them.
    const unfinished = await this.files.unfinished();
    if (await this.runs.running()) return;
    for (const filename of unfinished) await this.files.removePartial(filename);
  }

  private async carryOut<T extends BackupMetadata | null>(
    run: NewRun,
    work: (run: NewRun, progress: RunProgress) => Promise<T>,
  ): Promise<T> {
    const state: { -readonly [Key in keyof RunState]: RunState[Key] } = {
      phase: 'starting',
      bytes: 0,
      totalBytes: null,
    };
    const lost = new AbortController();
    const late = AbortSignal.timeout(this.settings.timeout);
    const signal = AbortSignal.any([this.stopping.signal, lost.signal, late]);
    const keeping = this.keep(run.id, state, lost);
    const end = { bytes: 0, error: null as string | null, metadata: null as BackupMetadata | null };
    try {
      const result = await work(run, {
        signal,
        begin: (phase, totalBytes) => {
          Object.assign(state, { phase, totalBytes: totalBytes ?? null, bytes: 0 });
          keeping.now();
        },
        at: (bytes) => {
          state.bytes = bytes;
        },
      });
      end.metadata = result;
      return result;
    } catch (error) {
      end.error = late.aborted
        ? `It took longer than ${this.settings.timeout} ms (BACKUP_TIMEOUT).`
        : errorMessage(signal.aborted ? signal.reason : error);
      this.log.warn({ err: error, backup: run.filename }, `A ${run.action} failed: ${end.error}`);
      // What was called off fails in many words; why it was is what counts.
      throw signal.aborted ? new Error(end.error, { cause: error }) : error;
    } finally {
      keeping.stop();
      end.bytes = state.bytes;
      await this.finish(run, end);
    }
  }

  /** Once its lease went to others, a run must not go on. */
  private keep(id: string, state: RunState, lost: AbortController): { now(): void; stop(): void } {
    let callOff: () => void = () => undefined;
    let isOver = false;
    const now = () => {
      this.runs
        .keep(id, state, this.leaseEnd())
        .then((isOurs) => {
          if (!isOurs && !isOver) lost.abort(new Error('Another process took it for dead.'));
        })
        // The next sign of life may get through; the lease is long enough for some to be lost.
        .catch((error) => this.log.debug(`A backup's progress was not stored: ${errorMessage(error)}`));
    };
    const later = () => {
      const pause = Math.min(this.settings.lease / SIGNS_OF_LIFE, PROGRESS_AGE);
      callOff = this.clock.wakeAt(this.clock.now() + pause, () => {
        if (isOver) return;
        now();
        later();
      });
    };
    later();
    return {
      now,
      stop: () => {
        isOver = true;
        callOff();
      },
    };
  }

  private async finish(
    run: NewRun,
    end: { bytes: number; error: string | null; metadata: BackupMetadata | null },
  ): Promise<void> {
    try {
      await this.runs.finish(run.id, { ...end, at: new Date(this.clock.now()) });
    } catch (error) {
      // Its lease runs out, and another process says that it is over.
      this.log.warn({ err: error }, `The end of a ${run.action} was not stored`);
    }
  }

  private leaseEnd(): Date {
    return new Date(this.clock.now() + this.settings.lease);
  }

  private async busy(): Promise<DomainError> {
    const running = await this.runs.running();
    const what = running ? `A ${running.action} of ${running.filename} goes on` : 'Something else goes on';
    return new DomainError('conflict', 'backup_running', `${what}; one thing is done at a time.`);
  }
}
