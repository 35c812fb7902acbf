import pg from 'pg';
import type { DataSource } from 'typeorm';
import { type ObservedClient, observedClient, type StatementObserver } from './observed-client.js';

type Callback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** How long a test of an idle connection may take before the connection counts as dead, in milliseconds. */
const PING_TIMEOUT = 1_000;

/** Who is told of the use of a pool; cheap, for it is told of everything. */
export interface PoolObserver {
  /** @param isConnected whether there was a connection in the end */
  waited(seconds: number, isConnected: boolean): void;
  ran: StatementObserver;
}

/**
 * A pool that never hands out a dead connection: one that lay idle for a while has to answer first, or it is
 * thrown away and the next is tried; so has one that was handed back in the middle of a statement. Connections in
 * constant use are not tested, so a busy pool pays nothing.
 */
export class PingingPool extends pg.Pool {
  private readonly lastUse = new WeakMap<pg.PoolClient, number>();
  /** The connections that there are, those that take their leave included. */
  private readonly open = new Set<pg.PoolClient>();
  private theEnd: Promise<void> | undefined;
  observer: PoolObserver | undefined;

  constructor(options: pg.PoolConfig & { pingAfter?: number }) {
    super({ ...options, Client: observedClient() });
    this.pingAfter = options.pingAfter ?? Number.POSITIVE_INFINITY;
    // Between the pool's hands and the borrower's, nobody else listens, and an error that nobody listens to ends
    // the process. Whoever uses the connection next is told: it takes no more queries.
    this.on('remove', (client) => this.open.delete(client));
    this.on('connect', (client) => {
      this.open.add(client);
      client.on('error', () => undefined);
      (client as unknown as ObservedClient).onStatement = (...ran) => this.observer?.ran(...ran);
    });
    this.on('release', (_error, client) => {
      this.lastUse.set(client, isIdle(client) ? performance.now() : Number.NEGATIVE_INFINITY);
    });
  }

  private readonly pingAfter: number;

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    const connecting = this.connectObserved();
    if (callback === undefined) return connecting;
    connecting.then(
      (client) => callback(undefined, client, (release) => client.release(release as Error)),
      (error) => callback(error, undefined, () => undefined),
    );
    return undefined;
  }

  /** Ends all connections, and waits until they are gone: whoever stops PostgreSQL then, finds nobody on it. */
  override end(): Promise<void>;
  override end(callback: (error?: Error) => void): void;
  override end(callback?: (error?: Error) => void): Promise<void> | undefined {
    this.theEnd ??= this.endWhole();
    const ending = this.theEnd;
    if (callback === undefined) return ending;
    ending.then(() => callback(), callback);
    return undefined;
  }

  private async endWhole(): Promise<void> {
    await super.end();
    if (this.open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.on('remove', () => this.open.size === 0 && resolve());
    });
  }

  /** Ends every connection now, whatever runs on it; whoever wants one gets a new one. */
  drop(): void {
    for (const client of this.open) {
      // An idle one stays in the pool, and is found dead.
      this.lastUse.set(client, Number.NEGATIVE_INFINITY);
      void (client as unknown as pg.Client).end();
    }
  }

  /** The same, and no more are to be had. */
  cutOff(): void {
    void this.end();
    this.drop();
  }

  private async connectObserved(): Promise<pg.PoolClient> {
    const started = performance.now();
    let isConnected = false;
    try {
      const client = await this.connectLive();
      isConnected = true;
      return client;
    } finally {
      this.observer?.waited((performance.now() - started) / 1000, isConnected);
    }
  }

  private async connectLive(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await super.connect();
      const lastUse = this.lastUse.get(client);
      if (lastUse === undefined || performance.now() - lastUse < this.pingAfter) return client;
      if (await answers(client)) return client;
      client.release(true);
    }
  }
}

/** The pool that TypeORM made for a data source. */
export function poolOf(dataSource: DataSource): PingingPool {
  return (dataSource.driver as unknown as { master: PingingPool }).master;
}

/** Whether a connection was handed back with nothing left to do: one whose statement was given up may hang. */
function isIdle(client: pg.PoolClient): boolean {
  // node-postgres keeps this (client.js), but does not say so in its types.
  return 'readyForQuery' in client && client.readyForQuery === true;
}

async function answers(client: pg.PoolClient): Promise<boolean> {
  try {
    // node-postgres takes the limit with the query (client.js); its types know it only for the whole client.
    const ping: pg.QueryConfig & { query_timeout: number } = {
      text: 'select 1',
      query_timeout: PING_TIMEOUT,
    };
    await client.query(ping);
    return true;
  } catch {
    // Why it is dead does not matter: the caller gets another one, or the error of making one.
    return false;
  }
}
