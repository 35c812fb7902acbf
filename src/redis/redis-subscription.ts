import type { Redis } from 'ioredis';
import type { Config } from '../config/config.js';
import type { RedisTarget } from '../config/redis-url.js';
import type { Log } from '../logging/log.js';
import { errorMessage } from '../resilience/error-code.js';
import { createRedisListener, reconnectPause } from './redis-client.js';

/** Whoever wants to hear what is said on a channel of Redis. */
interface Listener {
  heard(payload: string): void;
  /** It is heard from now on, and nobody knows what was said before. */
  missed(): void;
}

/** A connection of its own, as Redis wants it, on which one channel is heard. It says when it may have missed something. */
export class RedisSubscription {
  private channel: string | undefined;
  private listener: Listener | undefined;
  private client: Redis | undefined;
  private attempts = 0;
  private listens = false;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly target: RedisTarget,
    private readonly settings: Config['redis'],
    private readonly log: Log,
  ) {}

  /** Whether what is said is heard. */
  get isListening(): boolean {
    return this.listens;
  }

  /**
   * Hears what is said on a channel, until the application stops.
   *
   * @returns once the first attempt to connect has succeeded or failed
   */
  listen(channel: string, listener: Listener): Promise<void> {
    this.channel = channel;
    this.listener = listener;
    return this.connect(channel, listener);
  }

  /** Whether it is there at all: a connection that hangs looks like one on which nobody speaks. */
  async check(): Promise<void> {
    const { client } = this;
    if (this.listens) await client?.ping().catch(() => client.disconnect());
  }

  stop(): void {
    this.stopped = true;
    this.listens = false;
    clearTimeout(this.timer);
    this.client?.disconnect();
  }

  private async connect(channel: string, listener: Listener): Promise<void> {
    const client = createRedisListener(this.target, this.settings, this.attempts++);
    this.client = client;
    client.on('error', (error) =>
      this.log.debug(`What is said through Redis is not heard: ${errorMessage(error)}`),
    );
    client.on('end', () => this.again());
    client.on('message', (_channel: string, payload: string) => listener.heard(payload));
    try {
      await client.connect();
      await client.subscribe(channel);
      if (this.stopped || client.status !== 'ready') return;
      this.attempts = 0;
      this.listens = true;
      listener.missed();
    } catch {
      client.disconnect();
    }
  }

  private again(): void {
    if (this.stopped) return;
    this.listens = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.channel !== undefined && this.listener) void this.connect(this.channel, this.listener);
    }, reconnectPause(this.attempts)).unref();
  }
}
