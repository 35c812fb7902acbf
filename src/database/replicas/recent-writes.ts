import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { LOG, type Log } from '../../logging/log.js';
import { errorMessage } from '../../resilience/error-code.js';
import { type Listener, Notifications } from '../notifications.js';
import { Replicas } from './replicas.js';

const CHANNEL = 'otklik_writes';

/**
 * Who has written lately, in whichever process: who writes shall read what he wrote. The first write of a caller is
 * told to all processes before it is answered, and means that he may go on writing for a while; so one who writes all
 * the time costs a notification every few seconds, and no write has a statement more.
 */
@Injectable()
export class RecentWrites implements OnApplicationBootstrap, Listener {
  /** By caller: until when he may have written. One entry for each key. */
  private readonly until = new Map<string, number>();
  /** By caller: when this process told it last. */
  private readonly told = new Map<string, number>();
  private readonly telling = new Map<string, Promise<void>>();
  /** Whoever it is, he may have written until then: what was said before we listened, nobody knows. */
  private unknownUntil = Number.POSITIVE_INFINITY;
  private readonly span: number;

  constructor(
    private readonly notifications: Notifications,
    private readonly replicas: Replicas,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    @Inject(CONFIG) { database }: Config,
  ) {
    this.span = database.readOwnWrites;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.areOfInterest) return;
    await this.notifications.listen(CHANNEL, this);
    if (this.notifications.isListening) this.missed();
  }

  /** Whether anything is read from replicas here. */
  get areOfInterest(): boolean {
    return this.replicas.areThere;
  }

  /** Until when a caller may have written. */
  of(caller: string): number {
    return Math.max(this.until.get(caller) ?? Number.NEGATIVE_INFINITY, this.unknownUntil);
  }

  /**
   * Notes a write that is committed and not answered yet.
   *
   * @returns what the answer has to wait for; undefined: nothing
   */
  note(caller: string): Promise<void> | undefined {
    const now = this.clock.now();
    this.extend(caller, now);
    // Told at half of the time at the latest, so that the others have heard the next before the last one is over.
    if (now < (this.told.get(caller) ?? Number.NEGATIVE_INFINITY) + this.span / 2) return undefined;
    const telling = this.telling.get(caller) ?? this.tell(caller, now);
    this.telling.set(caller, telling);
    return telling;
  }

  heard(caller: string): void {
    this.extend(caller, this.clock.now() + this.span);
  }

  lost(): void {
    this.unknownUntil = Number.POSITIVE_INFINITY;
  }

  missed(): void {
    this.unknownUntil = this.clock.now() + this.span;
  }

  private async tell(caller: string, now: number): Promise<void> {
    try {
      await this.notifications.notify(CHANNEL, caller);
      this.told.set(caller, now);
    } catch (error) {
      // The write is committed. Where the database is away, the others do not listen either, and read from the primary.
      this.log.debug(`Other processes were not told of a write: ${errorMessage(error)}`);
    } finally {
      this.telling.delete(caller);
    }
  }

  private extend(caller: string, until: number): void {
    this.until.set(caller, Math.max(this.until.get(caller) ?? until, until));
  }
}
