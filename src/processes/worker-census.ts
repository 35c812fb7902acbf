import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Notifications } from '../database/notifications.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { BackgroundProcesses } from './background-processes.js';

const CHANNEL = 'otklik_census';

/** How long those who do not answer are waited for, in milliseconds. */
const PATIENCE = 1_000;

/** PostgreSQL takes less than 8,000 bytes. */
const LONGEST_PAYLOAD = 7_500;

const LONGEST_ERROR = 200;

/** How a background process stands in one worker. Times are milliseconds since 1970, durations milliseconds. */
const standing = z.object({
  name: z.string(),
  state: z.enum(['waiting', 'running', 'paused', 'failing', 'not_here']),
  lastRunAt: z.number().nullable(),
  lastError: z.string().nullable(),
  lag: z.number(),
  runs: z.number(),
  failedRuns: z.number(),
});

const worker = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  /** None: it has no role `worker`. */
  processes: z.array(standing),
});

/** A process of this installation, and how its background processes stand. */
export type Worker = z.infer<typeof worker>;

const said = z.union([z.object({ question: z.string() }), z.object({ answers: z.string(), worker })]);

/**
 * Asks all processes of the installation how their background processes stand: one that answers requests alone knows
 * nothing of the workers. They are asked when somebody wants to know, so it costs nothing while nobody does.
 */
@Injectable()
export class WorkerCensus implements OnModuleInit {
  private readonly self = randomUUID();
  private asking: Promise<readonly Worker[]> | undefined;
  private question: { readonly id: string; take(answer: Worker): void } | undefined;

  constructor(
    private readonly processes: BackgroundProcesses,
    private readonly notifications: Notifications,
    private readonly dataSource: DataSource,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.notifications.listen(CHANNEL, {
      heard: (payload) => this.heard(payload),
      missed: () => undefined,
    });
  }

  /** Those that have answered within a second; where nothing is heard, this process alone, if it is one. */
  workers(): Promise<readonly Worker[]> {
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async ask(): Promise<readonly Worker[]> {
    const answers = new Map<string, Worker>([[this.self, this.standings()]]);
    if (this.notifications.isListening) {
      const expected = await this.listening();
      const { promise: answered, resolve } = Promise.withResolvers<void>();
      const take = (answer: Worker) => {
        answers.set(answer.id, answer);
        if (answers.size >= expected) resolve();
      };
      this.question = { id: randomUUID(), take };
      await this.notifications.notify(CHANNEL, JSON.stringify({ question: this.question.id }));
      const timer = setTimeout(resolve, PATIENCE);
      if (answers.size < expected) await answered;
      clearTimeout(timer);
    }
    return [...answers.values()]
      .filter(({ processes }) => processes.length > 0)
      .sort((a, b) => a.host.localeCompare(b.host) || a.pid - b.pid);
  }

  /** How many processes hear the question. */
  private async listening(): Promise<number> {
    const [row]: { count: number }[] = await this.dataSource.query(
      `select count(*)::integer as count from pg_stat_activity
        where datname = current_database() and application_name = 'otklik notifications'`,
    );
    return row?.count ?? 0;
  }

  /** Anybody who can connect can say anything: what cannot be read is nobody's answer. */
  private heard(payload: string): void {
    let words: z.infer<typeof said>;
    try {
      words = said.parse(JSON.parse(payload));
    } catch {
      return;
    }
    if ('answers' in words) {
      if (words.answers === this.question?.id) this.question.take(words.worker);
      return;
    }
    this.notifications
      .notify(CHANNEL, this.answer(words.question))
      .catch((error) => this.log.debug(`It was not said how processes stand: ${errorMessage(error)}`));
  }

  private answer(question: string): string {
    const worker = this.standings();
    const text = JSON.stringify({ answers: question, worker });
    if (Buffer.byteLength(text) <= LONGEST_PAYLOAD) return text;
    const processes = worker.processes.map((process) => ({ ...process, lastError: null }));
    return JSON.stringify({ answers: question, worker: { ...worker, processes } });
  }

  private standings(): Worker {
    const statuses = this.processes.isWorker ? this.processes.statuses() : [];
    const processes = statuses.map(([name, { state, lastRunAt, lastError, lag, runs, failedRuns }]) => ({
      ...{ name, state, lag, runs, failedRuns },
      lastRunAt: lastRunAt ?? null,
      lastError: lastError?.slice(0, LONGEST_ERROR) ?? null,
    }));
    return { id: this.self, host: hostname(), pid: process.pid, processes };
  }
}
