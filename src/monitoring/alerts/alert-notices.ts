import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock, IdGenerator } from '../../clock/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { afterCommit } from '../../database/after-commit.js';
import { LOG, type Log } from '../../logging/log.js';
import { OutgoingError } from '../../outgoing/outgoing-error.js';
import type { ProcessHandle, Run } from '../../processes/background-process.js';
import { BackgroundProcesses } from '../../processes/background-processes.js';
import { errorMessage } from '../../resilience/error-code.js';
import type { Alert, Notice } from './alert.js';
import { Channels } from './channels.js';
import { type DueNotice, NoticeRepository } from './notice.repository.js';

/** How often notices are looked for whose process is gone, in milliseconds. */
const INTERVAL = 60_000;

/** Most notices that are sent at once. */
const BATCH = 20;

/** Tells Slack and PagerDuty of alerts, until they take it. */
@Injectable()
export class AlertNotices {
  private readonly settings: Config['alerts'];
  private readonly lease: number;
  private readonly handle: ProcessHandle;

  constructor(
    private readonly table: NoticeRepository,
    private readonly channels: Channels,
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    processes: BackgroundProcesses,
    @Inject(CONFIG) { alerts, retry }: Config,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.settings = alerts;
    this.lease = (retry.attempts + 1) * (alerts.timeout + retry.maxDelay) + INTERVAL;
    this.handle = processes.register({
      name: 'alert-notices',
      description: 'Tells Slack and PagerDuty of alerts.',
      interval: INTERVAL,
      goesOnInMaintenance: true,
      run: () => this.run(),
    });
  }

  /** Has an alert told as it is now, after the commit. */
  async add(tx: EntityManager, alert: Alert, told: readonly string[]): Promise<void> {
    if (this.channels.all.length === 0) return;
    const notices = this.channels.all.map(({ name }) => ({
      id: this.ids.next(),
      channel: name,
      isTold: told.includes(name),
    }));
    await this.table.insert(tx, alert.id, noticeOf(alert), notices);
    afterCommit(tx, () => this.handle.wake());
  }

  /** Tells it now, without the database. @returns the channels that took it */
  async tellAtOnce(notice: Notice, except: readonly string[]): Promise<string[]> {
    const told = await Promise.all(
      this.channels.all
        .filter(({ name }) => !except.includes(name))
        .map(async (channel) => {
          try {
            await channel.tell(notice);
            return channel.name;
          } catch (error) {
            this.log.warn(`${channel.name} was not told of an alert: ${errorMessage(error)}`);
            return undefined;
          }
        }),
    );
    return told.filter((name) => name !== undefined);
  }

  /** What is due, until nothing is: a notice may wait for the one before it. */
  async run(): Promise<Run> {
    if (this.channels.all.length === 0) return { handled: 0 };
    const names = this.channels.all.map(({ name }) => name);
    let [handled, failed, nextAt] = [0, 0, Number.POSITIVE_INFINITY];
    for (;;) {
      const now = this.clock.now();
      const due = await this.table.claim(new Date(now), new Date(now + this.lease), names, BATCH);
      const waits = await Promise.all(due.map((notice) => this.send(notice)));
      for (const wait of waits) {
        if (wait === undefined) handled++;
        else {
          failed++;
          nextAt = Math.min(nextAt, this.clock.now() + wait);
        }
      }
      if (!waits.includes(undefined)) {
        return { handled, failed, ...(Number.isFinite(nextAt) && { nextAt }) };
      }
    }
  }

  /** @returns undefined: it was taken; otherwise how long to wait before the next attempt, in milliseconds */
  private async send({ id, channel: name, notice, attempts }: DueNotice): Promise<number | undefined> {
    const channel = this.channels.all.find((candidate) => candidate.name === name);
    let failure: unknown;
    try {
      await channel?.tell(notice);
    } catch (error) {
      failure = error;
    }
    const now = this.clock.now();
    if (failure === undefined) {
      await this.table.record({ id, sentAt: new Date(now), nextAttemptAt: new Date(now), error: null });
      return undefined;
    }
    const wait = this.waitAfter(attempts, failure);
    const error = errorMessage(failure);
    this.log.warn({ attempts, service: notice.service }, `${name} was not told of an alert: ${error}`);
    await this.table.record({ id, sentAt: null, nextAttemptAt: new Date(now + wait), error });
    return wait;
  }

  /** Doubles, with jitter of a quarter either way; longer where the channel asked for it. */
  private waitAfter(attempts: number, error: unknown): number {
    const { retryBaseDelay, retryMaxDelay } = this.settings;
    const asked = error instanceof OutgoingError ? (error.retryAfter ?? 0) : 0;
    const own = retryBaseDelay * 2 ** Math.min(attempts - 1, 30) * (0.75 + Math.random() / 2);
    return Math.ceil(Math.min(Math.max(own, asked), retryMaxDelay));
  }
}

function noticeOf({ service, severity, message, raisedAt, changedAt, resolvedAt }: Alert): Notice {
  return {
    action: resolvedAt ? 'resolve' : 'raise',
    service,
    severity,
    message,
    raisedAt: raisedAt.toISOString(),
    at: changedAt.toISOString(),
  };
}
