import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { LOG, type Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { directUrl } from './data-source.js';

/** How long to wait before a lost connection is opened anew, in milliseconds. */
const RECONNECT_PAUSE = 1_000;

/** How often a connection on which nothing comes is asked whether it still is there, in milliseconds. */
const HEARTBEAT = 15_000;

/** How long it may take to answer, in milliseconds. */
const PATIENCE = 5_000;

/** On it, each process finds out whether it hears at all. */
const ECHO = 'otklik_echo';

/** What it says where it does not. */
const DEAF = 'NOTIFY does not arrive, as behind PgBouncer in transaction mode';

/** How long its own words may take to come back, in milliseconds. */
const ECHO_PATIENCE = 2_000;

/** Its own commit need not reach the disk: who is told does not live through a crash either. */
const NOTIFY_ALONE = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;

/** Whoever wants to hear what is said on a channel. */
export interface Listener {
  heard(payload: string): void;
  /** The connection is gone: from now on, nothing is heard. */
  lost?(): void;
  /** It is there again, and nobody knows what was said meanwhile. */
  missed(): void;
}

/**
 * PostgreSQL's NOTIFY between the processes of an installation. However many channels are listened to, it is one
 * connection, opened with the first of them, tested while it is silent, and opened again when it is lost.
 *
 * It has to lead to PostgreSQL itself: PgBouncer in transaction mode carries what is said, but nothing that is heard,
 * and says so to nobody. So each connection is believed once it has heard what was said over another one.
 */
@Injectable()
export class Notifications implements OnApplicationShutdown {
  private readonly listeners = new Map<string, Set<Listener>>();
  private client: pg.Client | undefined;
  private connecting: Promise<void> | undefined;
  private listens = false;
  private isDeaf = false;
  private stopped = false;
  private callOff: () => void = () => undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Whether what is said is heard. */
  get isListening(): boolean {
    return this.listens;
  }

  /** Connects, where nobody has listened yet: it takes a while, in which something else can be done. */
  open(): void {
    this.connecting ??= this.connect(() => undefined);
  }

  /**
   * Hears what is said on a channel, until the application stops.
   *
   * @param channel a name that needs no quotes
   * @returns once the first attempt to connect has succeeded or failed
   */
  async listen(channel: string, listener: Listener): Promise<void> {
    const known = this.listeners.get(channel);
    if (known) {
      known.add(listener);
      return this.connecting;
    }
    this.listeners.set(channel, new Set([listener]));
    if (this.connecting === undefined) this.open();
    else await this.connecting?.then(() => this.client?.query(`listen ${channel}`)).catch(() => undefined);
    return this.connecting;
  }

  /** Says something on a channel; with a transaction, at its commit, and not at all where it is rolled back. */
  async notify(channel: string, payload: string, tx?: EntityManager): Promise<void> {
    if (tx) await tx.query('select pg_notify($1, $2)', [channel, payload]);
    else await this.dataSource.query(NOTIFY_ALONE, [channel, payload]);
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    this.listens = false;
    this.callOff();
    if (this.client) abandon(this.client);
  }

  private async connect(connected: () => void): Promise<void> {
    if (this.stopped) return;
    const client = new pg.Client({
      connectionString: directUrl(this.dataSource),
      application_name: 'otklik notifications',
      keepAlive: true,
      connectionTimeoutMillis: PATIENCE,
      query_timeout: PATIENCE,
    });
    this.client = client;
    client.on('notification', ({ channel, payload = '' }) => {
      for (const listener of this.listeners.get(channel) ?? []) listener.heard(payload);
    });
    client.on('error', (error) => this.again(client, error)).on('end', () => this.again(client));
    try {
      await client.connect();
      await client.query(this.channels());
      await this.echo(client);
      if (this.stopped || this.client !== client) return;
      this.listens = true;
      this.isDeaf = false;
      this.testLater(client);
      connected();
    } catch (error) {
      this.again(client, error);
    }
  }

  /** @throws where the connection does not hear what is said over another one */
  private async echo(client: pg.Client): Promise<void> {
    const words = randomUUID();
    const { promise: heard, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(DEAF)), ECHO_PATIENCE).unref();
    const hear = ({ payload }: pg.Notification) => payload === words && resolve();
    client.on('notification', hear);
    try {
      await Promise.all([this.notify(ECHO, words), heard]);
    } finally {
      clearTimeout(timer);
      client.off('notification', hear);
    }
  }

  private again(client: pg.Client, error?: unknown): void {
    if (this.stopped || this.client !== client) return;
    this.client = undefined;
    const reason = error === undefined ? 'disconnected' : errorMessage(error);
    // One line for what does not change by itself.
    const isNews = reason === DEAF && !this.isDeaf;
    this.isDeaf ||= isNews;
    this.log[isNews ? 'warn' : 'debug'](`What other processes say is not heard: ${reason}`);
    abandon(client);
    this.callOff();
    if (this.listens) this.tell((listener) => listener.lost?.());
    this.listens = false;
    this.callOff = this.clock.wakeAt(this.clock.now() + RECONNECT_PAUSE, () => {
      this.connecting = this.connect(() => this.tell((listener) => listener.missed()));
    });
  }

  /** A connection that hangs looks like one on which nobody speaks. */
  private testLater(client: pg.Client): void {
    this.callOff = this.clock.wakeAt(this.clock.now() + HEARTBEAT, () => {
      client.query(this.channels()).then(
        () => this.client === client && !this.stopped && this.testLater(client),
        (error) => this.again(client, error),
      );
    });
  }

  /** Listening to what is listened to already changes nothing. */
  private channels(): string {
    return [ECHO, ...this.listeners.keys()].map((channel) => `listen ${channel}`).join('; ');
  }

  private tell(what: (listener: Listener) => void): void {
    for (const listeners of this.listeners.values()) for (const listener of listeners) what(listener);
  }
}

/** Nothing on it is unfinished, and where the network is gone, a farewell would wait for an answer for ever. */
function abandon(client: pg.Client): void {
  // node-postgres has this, but does not say so in its types.
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  client.end().catch(() => undefined);
  stream.destroy();
}
