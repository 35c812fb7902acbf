import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { LOG, type Log } from '../../logging/log.js';
import { errorMessage } from '../../resilience/error-code.js';
import { createDataSource } from '../data-source.js';
import { type Milestone, Replica, type ReplicaReport } from './replica.js';
import { walPosition } from './wal-position.js';

/** Most positions of the primary that are remembered for replicas that are behind. */
const MOST_MILESTONES = 10_000;

/**
 * The streaming replicas, and how far each of them is. Every moment the primary is asked for its position; once a
 * replica has replayed up to it, it has all that was committed before the question. So a write costs nothing, and
 * nobody has to ask it for its position.
 */
@Injectable()
export class Replicas implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly all: readonly Replica[];
  private readonly interval: number;
  private milestones: readonly Milestone[] = [];
  private turn = 0;
  private stopped = false;
  private readonly callOffs = new Map<unknown, () => void>();

  constructor(
    private readonly primary: DataSource,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    @Inject(CONFIG) { database, process }: Config,
  ) {
    this.interval = database.replicaCheckInterval;
    // Only requests read lists.
    const urls = process.roles.includes('api') ? database.replicaUrls : [];
    const entities = primary.options.entities as never[];
    this.all = urls.map(
      (url) => new Replica(createDataSource(url, database, entities, log), url, database.replicaMaxLag),
    );
  }

  get areThere(): boolean {
    return this.all.length > 0;
  }

  onApplicationBootstrap(): void {
    if (!this.areThere) return;
    void this.repeat(this, () => this.mark());
    for (const replica of this.all) void this.repeat(replica, () => this.ask(replica));
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    for (const callOff of this.callOffs.values()) callOff();
    await Promise.all(this.all.map((replica) => replica.close()));
  }

  /** The next in turn of those that have everything that was committed before a moment. */
  next(since: number): Replica | undefined {
    const able = this.all.filter((replica) => replica.has(since));
    this.turn++;
    return able[this.turn % able.length];
  }

  reports(): readonly ReplicaReport[] {
    return this.all.map((replica) => replica.report());
  }

  /** Each goes by itself, so that none waits for another that hangs. */
  private async repeat(who: unknown, work: () => Promise<void>): Promise<void> {
    await work();
    if (this.stopped) return;
    const at = this.clock.now() + this.interval;
    this.callOffs.set(
      who,
      this.clock.wakeAt(at, () => void this.repeat(who, work)),
    );
  }

  private async mark(): Promise<void> {
    const at = this.clock.now();
    try {
      // What is not written out yet counts as well: a commit may be answered before.
      const [row] = await this.primary.query<{ lsn: string }[]>(
        'select pg_current_wal_insert_lsn()::text as lsn',
      );
      if (row) this.remember({ at, position: walPosition(row.lsn) });
    } catch (error) {
      this.log.debug(`The primary did not say how far it is: ${errorMessage(error)}`);
    }
  }

  /** What every replica has passed is forgotten. */
  private remember(milestone: Milestone): void {
    const passed = Math.min(
      ...this.all.map(({ completeUntil }) => completeUntil ?? Number.NEGATIVE_INFINITY),
    );
    this.milestones = [...this.milestones.filter(({ at }) => at >= passed), milestone].slice(
      -MOST_MILESTONES,
    );
  }

  private async ask(replica: Replica): Promise<void> {
    const before = replica.report();
    await replica.check(this.milestones);
    const { name, problem } = replica.report();
    if (this.stopped || (problem === null) === (before.problem === null)) return;
    if (problem === null) this.log.info({ replica: name }, 'Lists are read from the replica.');
    else this.log.warn({ replica: name }, `No lists are read from the replica: ${problem}.`);
  }
}
