import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

/** The shortest and the longest pause between two looks, in milliseconds. */
const PAUSES: readonly [number, number] = [2, 50];

/**
 * Whoever is just storing a message holds one of these locks: on its key, its client and its conversation before it, on
 * the messages with it.
 */
const WRITERS = `select virtualtransaction from pg_locks
   where locktype = 'relation' and granted and mode in ('RowShareLock', 'RowExclusiveLock')
     and database = (select oid from pg_database where datname = current_database())
     and relation in ('idempotency_records'::regclass, 'clients'::regclass, 'conversations'::regclass,
                      'messages'::regclass)`;

/**
 * A message has its id before it is stored, and one that came later can be stored sooner. Who follows all messages by the
 * last id that he has read would miss the other one. What belongs to one client needs none of this: it is stored in the
 * order of its ids.
 */
@Injectable()
export class MessageWriters {
  private readonly settleTime: number;
  private readonly settleWait: number;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(CONFIG) { messages }: Config,
  ) {
    this.settleTime = messages.settleTime;
    this.settleWait = messages.settleWait;
  }

  /**
   * Waits until whatever came before the newest message is stored as well: `MESSAGE_SETTLE_TIME` from when it came, in
   * which the others get from their id to their transaction, and `MESSAGE_SETTLE_WAIT` at most for transactions.
   *
   * @returns the newest message there was when it was called; undefined: there was none
   */
  async settled(): Promise<string | undefined> {
    const [newest] = await this.dataSource.query<{ id: string; createdAt: Date }[]>(
      'select id, created_at as "createdAt" from messages order by id desc limit 1',
    );
    if (newest === undefined) return undefined;
    const age = Math.max(0, this.clock.now() - newest.createdAt.getTime());
    if (age < this.settleTime) await delay(this.settleTime - age);
    await this.wait();
    return newest.id;
  }

  private async wait(): Promise<void> {
    const deadline = performance.now() + this.settleWait;
    let writers = await this.among();
    for (let [pause, longest] = PAUSES; writers.length > 0; pause = Math.min(2 * pause, longest)) {
      if (performance.now() + pause > deadline) return;
      await delay(pause);
      writers = await this.among(writers);
    }
  }

  /** Who is storing messages, or who still is. */
  private async among(before: readonly string[] | null = null): Promise<string[]> {
    const rows = await this.dataSource.query<{ virtualtransaction: string }[]>(
      `${WRITERS} and ($1::text[] is null or virtualtransaction = any($1))`,
      [before],
    );
    return rows.map(({ virtualtransaction }) => virtualtransaction);
  }
}
