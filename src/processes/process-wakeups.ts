import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';

const CHANNEL = 'otklik_wakeups';

/** How long to wait before a lost connection is opened anew, in milliseconds. */
const RECONNECT_PAUSE = 1_000;

/** Which background processes there is work for, and from when on, in milliseconds since 1970. */
type Wakeups = Readonly<Record<string, number>>;

/**
 * Carries wake-ups from processes without the role `worker` to those with it, over PostgreSQL's NOTIFY: on a
 * statement of its own, after the commit it is about. Inside the transaction of an ingest it would cost two thirds
 * of the throughput, because such commits stand in line.
 *
 * Nothing depends on its arrival. What is lost is found when the process next runs by itself.
 */
@Injectable()
export class ProcessWakeups {
  private waiting: Record<string, number> = {};
  private sending = false;
  private client: pg.Client | undefined;
  private stopped = false;
  private callOff: () => void = () => undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Tells the workers. What is told while a statement is on its way goes with the next one. */
  announce(name: string, at: number): void {
    this.waiting[name] = Math.min(at, this.waiting[name] ?? at);
    if (!this.sending) void this.send();
  }

  /**
   * Hears what other processes announce, until `stop`. A connection that is lost is opened again.
   *
   * @param missed called once it is there again, for nobody knows what was announced meanwhile
   */
  listen(wake: (name: string, at: number) => void, missed: () => void): void {
    this.connect(wake, missed, () => undefined);
  }

  private connect(wake: (name: string, at: number) => void, missed: () => void, listening: () => void): void {
    const client = new pg.Client({
      connectionString: (this.dataSource.options as { url?: string }).url,
      application_name: 'otklik wake-ups',
      keepAlive: true,
    });
    this.client = client;
    client.on('notification', ({ payload }) => {
      for (const [name, at] of wakeupsIn(payload)) wake(name, at);
    });
    const again = (error?: unknown) => {
      if (this.stopped || this.client !== client) return;
      this.client = undefined;
      const reason = error === undefined ? 'disconnected' : errorMessage(error);
      this.log.debug(`Wake-ups of other processes are not heard: ${reason}`);
      client.end().catch(() => undefined);
      this.callOff = this.clock.wakeAt(this.clock.now() + RECONNECT_PAUSE, () =>
        this.connect(wake, missed, missed),
      );
    };
    client.on('error', again).on('end', () => again());
    client
      .connect()
      .then(() => client.query(`listen ${CHANNEL}`))
      .then(listening)
      .catch(again);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.callOff();
    await this.client?.end().catch(() => undefined);
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (Object.keys(this.waiting).length > 0 && !this.stopped) {
      const payload = JSON.stringify(this.waiting);
      this.waiting = {};
      await this.dataSource
        .query('select pg_notify($1, $2)', [CHANNEL, payload])
        .catch((error) => this.log.debug(`The workers were not woken: ${errorMessage(error)}`));
    }
    this.sending = false;
  }
}

/** Anybody who can connect can announce anything: what cannot be read wakes nobody, and harms nobody. */
function wakeupsIn(payload: string | undefined): [name: string, at: number][] {
  try {
    const wakeups = JSON.parse(payload ?? '') as Wakeups | null;
    return Object.entries(wakeups ?? {}).filter(([, at]) => Number.isFinite(at));
  } catch {
    return [];
  }
}
