import type { Config } from '../config/config.js';
import type { RedisTarget } from '../config/redis-url.js';
import { createRedisClient, type RedisClient, reconnectPause } from './redis-client.js';

/** As which attempt a connection is opened that was given up. */
const AGAIN = 2;

/**
 * The connections that carry commands, used in turns, so that one which is lost, or is busy with something large, holds
 * up only what is under way on it. What is sent in one turn of the event loop leaves together, on one of them; what two
 * of them are sent arrives in any order.
 */
export class RedisPool {
  readonly clients: readonly RedisClient[];
  private turn = 0;
  private present: RedisClient | undefined;
  private stopped = false;

  /**
   * @param failed told what the network does to a connection; what it means shows in the commands
   * @param lost told whenever a connection is lost
   */
  constructor(
    target: RedisTarget,
    settings: Config['redis'],
    failed: (error: unknown) => void,
    lost: () => void,
  ) {
    this.clients = Array.from({ length: settings.poolSize }, () => {
      const client = createRedisClient(target, settings);
      // An error that nobody listens to would end the process.
      client.on('error', failed).on('close', lost).on('-node', lost);
      return client.on('end', () => this.again(client));
    });
  }

  /** Never throws: they connect by themselves, again and again. @returns once all have done so, or failed to */
  async connect(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.connect().catch(() => undefined)));
  }

  /** The same for all that is sent in one turn of the event loop, then the next one that is connected. */
  pick(): RedisClient {
    if (!this.present) {
      this.present = this.next();
      setImmediate(() => {
        this.present = undefined;
      });
    }
    return this.present;
  }

  private next(): RedisClient {
    const { clients } = this;
    this.turn = (this.turn + 1) % clients.length;
    const inOrder = [...clients.slice(this.turn), ...clients.slice(0, this.turn)];
    return inOrder.find(({ status }) => status === 'ready') ?? (inOrder[0] as RedisClient);
  }

  /**
   * ioredis gives a connection up for good where a sentinel says that there is another master while it looks for that
   * (SentinelConnector.connect and FailoverDetector.disconnect).
   */
  private again(client: RedisClient): void {
    const connect = () => {
      if (!this.stopped) client.connect().catch(() => undefined);
    };
    if (!this.stopped) setTimeout(connect, reconnectPause(AGAIN)).unref();
  }

  disconnect(): void {
    this.stopped = true;
    for (const client of this.clients) client.disconnect();
  }
}
